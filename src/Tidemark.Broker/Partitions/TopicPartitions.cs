using Tidemark.Primitives;

namespace Tidemark.Broker.Partitions;

/// <summary>A topic of the cluster with those of its partitions that have a replica here.</summary>
public sealed class TopicPartitions(string name, Uuid id)
{
    private Partition?[] _byIndex = [];

    public string Name => name;

    public Uuid Id => id;

    /// <summary>How many partitions the topic has in the cluster.</summary>
    public int PartitionCount { get; private set; }

    /// <summary>The local replica, or null when the partition is not here or does not exist.</summary>
    public Partition? Find(int index)
    {
        Partition?[] all = Volatile.Read(ref _byIndex);
        return (uint)index < (uint)all.Length ? all[index] : null;
    }

    /// <summary>
    /// Why <see cref="Find"/> finds nothing: the cluster has no such partition, or it has, on other brokers, and whoever asks here has to
    /// look for them anew.
    /// </summary>
    public ErrorCode WhyMissing(int index) => (uint)index < (uint)PartitionCount ? ErrorCode.NotLeaderOrFollower : ErrorCode.UnknownTopicOrPartition;

    /// <summary>The local replicas, in the order of their numbers.</summary>
    public IEnumerable<Partition> Local => Volatile.Read(ref _byIndex).OfType<Partition>();

    /// <summary>Whether any local replica is like this.</summary>
    public bool Any(Func<Partition, bool> predicate)
    {
        foreach (Partition? partition in Volatile.Read(ref _byIndex))
        {
            if (partition is not null && predicate(partition))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Called by the one thread that publishes metadata.</summary>
    internal void Put(int index, Partition? partition)
    {
        Partition?[] old = _byIndex;
        var next = new Partition?[Math.Max(old.Length, index + 1)];
        old.CopyTo(next, 0);
        next[index] = partition;
        Volatile.Write(ref _byIndex, next);
    }

    internal void Resize(int count) => PartitionCount = count;
}
