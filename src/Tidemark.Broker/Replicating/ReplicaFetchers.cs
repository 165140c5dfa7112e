using Tidemark.Broker.Partitions;
using Tidemark.Primitives;

namespace Tidemark.Broker.Replicating;

/// <summary>
/// All fetchers of a broker: <c>num.replica.fetchers</c> for each leader that it follows, and which partition belongs to which. Only the
/// metadata publisher changes it; partitions of one publication are handed over together, after the image is in force.
/// </summary>
internal sealed class ReplicaFetchers(FetcherServices services) : IDisposable
{
    private readonly Dictionary<(BrokerId Source, int Index), ReplicaFetcher> _fetchers = [];
    private readonly Dictionary<Partition, ReplicaFetcher> _owners = [];
    private readonly List<Partition> _followed = [];

    /// <summary>The partition began to follow; it is fetched after <see cref="Begin"/>.</summary>
    public void Follow(Partition partition)
    {
        Drop(partition);
        _followed.Add(partition);
    }

    /// <summary>The partition follows no more.</summary>
    public void Drop(Partition partition)
    {
        _followed.Remove(partition);
        if (_owners.Remove(partition, out ReplicaFetcher? owner))
        {
            owner.Remove(partition);
        }
    }

    /// <summary>Starts fetching what began to follow.</summary>
    public void Begin()
    {
        if (_followed.Count == 0)
        {
            return;
        }

        int count = Math.Max(1, services.Cluster.Config.GetInt("num.replica.fetchers"));
        Dictionary<ReplicaFetcher, List<Partition>> added = [];
        foreach (Partition partition in _followed)
        {
            if (partition.Follower is { } role)
            {
                ReplicaFetcher fetcher = FetcherOf(role.Leader, IndexOf(partition, count));
                _owners[partition] = fetcher;
                if (!added.TryGetValue(fetcher, out List<Partition>? list))
                {
                    added.Add(fetcher, list = []);
                }

                list.Add(partition);
            }
        }

        _followed.Clear();
        foreach ((ReplicaFetcher fetcher, List<Partition> partitions) in added)
        {
            fetcher.Add(partitions);
        }
    }

    public void Dispose()
    {
        foreach (ReplicaFetcher fetcher in _fetchers.Values)
        {
            fetcher.Close();
        }
    }

    /// <summary>Spread by topic and number, the same in every run.</summary>
    private static int IndexOf(Partition partition, int count)
    {
        Span<byte> id = stackalloc byte[16];
        partition.TopicId.Write(id);
        uint hash = 2166136261;
        foreach (byte b in id)
        {
            hash = (hash ^ b) * 16777619;
        }

        return (int)((hash + (uint)partition.Name.Partition) % (uint)count);
    }

    private ReplicaFetcher FetcherOf(BrokerId source, int index)
    {
        if (!_fetchers.TryGetValue((source, index), out ReplicaFetcher? fetcher))
        {
            _fetchers.Add((source, index), fetcher = new ReplicaFetcher(source, $"replica-fetcher-{source}-{index}", services));
        }

        return fetcher;
    }
}
