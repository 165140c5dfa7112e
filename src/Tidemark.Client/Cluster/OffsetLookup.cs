using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Cluster;

/// <summary>A partition's answer to an <see cref="OffsetSpec"/>. The offset is -1 where no record matches.</summary>
public readonly record struct OffsetAnswer(ErrorCode Error, long Offset, long Timestamp, int LeaderEpoch);

/// <summary>Looks up offsets at the partitions' leaders, one request a leader.</summary>
public static class OffsetLookup
{
    /// <param name="readCommitted">Whether the latest offset is the first of the oldest open transaction where there is one.</param>
    public static async Task<IReadOnlyDictionary<TopicPartition, OffsetAnswer>> ListOffsetsAsync(
        this ClusterClient cluster, IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> wanted, CancellationToken cancellation = default, bool readCommitted = false)
    {
        var byLeader = new Dictionary<BrokerConnection, List<KeyValuePair<TopicPartition, OffsetSpec>>>();
        foreach (KeyValuePair<TopicPartition, OffsetSpec> one in wanted)
        {
            BrokerConnection leader = await cluster.ConnectToLeaderAsync(one.Key, cancellation);
            (byLeader.TryGetValue(leader, out List<KeyValuePair<TopicPartition, OffsetSpec>>? list) ? list : byLeader[leader] = []).Add(one);
        }

        var answers = new Dictionary<TopicPartition, OffsetAnswer>();
        foreach ((BrokerConnection leader, List<KeyValuePair<TopicPartition, OffsetSpec>> partitions) in byLeader)
        {
            ListOffsetsResponse response = await leader.SendAsync<ListOffsetsResponse>(Request(partitions, readCommitted), cancellation: cancellation);
            foreach (ListOffsetsResponse.ListOffsetsTopicResponse topic in response.Topics)
            {
                foreach (ListOffsetsResponse.ListOffsetsPartitionResponse partition in topic.Partitions)
                {
                    answers[new TopicPartition(topic.Name, partition.PartitionIndex)] =
                        new OffsetAnswer(partition.ErrorCode, partition.Offset, partition.Timestamp, partition.LeaderEpoch);
                }
            }
        }

        return answers;
    }

    private static ListOffsetsRequest Request(IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, bool readCommitted) => new()
    {
        ReplicaId = -1,
        IsolationLevel = (sbyte)(readCommitted ? 1 : 0),
        Topics =
        [
            .. partitions.GroupBy(one => one.Key.Topic).Select(topic => new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = topic.Key,
                Partitions =
                [
                    .. topic.Select(one => new ListOffsetsRequest.ListOffsetsPartition
                    {
                        PartitionIndex = one.Key.Partition,
                        Timestamp = one.Value.Timestamp,
                    }),
                ],
            }),
        ],
    };
}
