using System.Runtime.InteropServices;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Replicating;

/// <summary>One partition of a fetch as it is asked for.</summary>
internal readonly record struct WantedPartition(Partition Partition, FollowerPosition At);

/// <summary>
/// A fetcher's side of an incremental fetch session (KIP-227): remembers what the leader was told of each partition and tells it only
/// what changed. After anything unexpected it begins again with a full request.
/// </summary>
internal sealed class FetcherSession
{
    private const int SessionlessEpoch = -1;
    private readonly Dictionary<(Uuid Topic, int Partition), FollowerPosition> _told = [];
    private int _id;
    private int _epoch;

    /// <summary>The leader's answer could not be used, or none came.</summary>
    public void Reset()
    {
        _told.Clear();
        (_id, _epoch) = (0, 0);
    }

    /// <summary>Adds to the request what the leader has to be told for it to read all that is wanted, and nothing else.</summary>
    /// <returns>The partitions of which the leader is told a later start than before.</returns>
    public IReadOnlyList<Partition> Ask(FetchRequest request, IReadOnlyList<WantedPartition> wanted, int partitionBytesMax)
    {
        bool isFull = _epoch is 0 or SessionlessEpoch;
        (request.SessionId, request.SessionEpoch) = (_id, isFull ? 0 : _epoch);
        if (isFull)
        {
            _told.Clear();
        }

        Dictionary<Uuid, FetchRequest.FetchTopic> topics = [];
        List<Partition>? moved = null;
        foreach ((Partition partition, FollowerPosition at) in wanted)
        {
            var key = (partition.TopicId, partition.Name.Partition);
            ref FollowerPosition told = ref CollectionsMarshal.GetValueRefOrAddDefault(_told, key, out bool isKnown);
            if (isKnown && told == at)
            {
                continue;
            }

            if (at.LogStart > told.LogStart)
            {
                (moved ??= []).Add(partition);
            }

            told = at;
            if (!topics.TryGetValue(partition.TopicId, out FetchRequest.FetchTopic? topic))
            {
                topics.Add(partition.TopicId, topic = new FetchRequest.FetchTopic { TopicId = partition.TopicId });
                request.Topics.Add(topic);
            }

            topic.Partitions.Add(new FetchRequest.FetchPartition
            {
                Partition = partition.Name.Partition,
                CurrentLeaderEpoch = at.Follower.Epoch.Value,
                FetchOffset = at.End.Value,
                LastFetchedEpoch = at.LastEpoch.Value,
                LogStartOffset = at.LogStart.Value,
                PartitionMaxBytes = partitionBytesMax,
            });
        }

        if (_told.Count > wanted.Count)
        {
            Forget(request, wanted);
        }

        return moved ?? (IReadOnlyList<Partition>)[];
    }

    /// <summary>The leader answered without an error for the whole: the session goes on, or there is none.</summary>
    public void Accept(FetchResponse response)
    {
        if (response.SessionId == 0)
        {
            // The leader has no room for one. The next request is full again and asks for one.
            Reset();
            return;
        }

        _id = response.SessionId;
        _epoch = _epoch == int.MaxValue ? 1 : _epoch + 1;
    }

    /// <summary>Tells of the partitions that the leader knows and that are wanted no more. Most requests have none.</summary>
    private void Forget(FetchRequest request, IReadOnlyList<WantedPartition> wanted)
    {
        HashSet<(Uuid, int)> kept = [.. wanted.Select(each => (each.Partition.TopicId, each.Partition.Name.Partition))];
        foreach (IGrouping<Uuid, (Uuid Topic, int Partition)> topic in _told.Keys.Where(key => !kept.Contains(key)).ToArray().GroupBy(key => key.Topic))
        {
            request.ForgottenTopicsData.Add(new FetchRequest.ForgottenTopic { TopicId = topic.Key, Partitions = [.. topic.Select(key => key.Partition)] });
            foreach ((Uuid Topic, int Partition) key in topic)
            {
                _told.Remove(key);
            }
        }
    }
}
