using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Cluster;

/// <summary>A partition's answer to an <see cref="OffsetSpec"/>. The offset is -1 where no record matches.</summary>
public readonly record struct OffsetAnswer(ErrorCode Error, long Offset, long Timestamp, int LeaderEpoch);

/// <summary>Looks up offsets at the partitions' leaders, one request a leader.</summary>
public static class OffsetLookup
{
    /// <summary>
    /// The offset of each partition. What may pass, such as a partition that gets another leader, is asked again until <see cref="ClientOptions.RetryMax"/>; an
    /// error that stays is in the answer.
    /// </summary>
    /// <param name="readCommitted">Whether the latest offset is the first of the oldest open transaction where there is one.</param>
    /// <param name="once">For a view, which rather shows that a partition has no answer than waits for one: every leader is asked once only.</param>
    /// <exception cref="BrokerErrorException">A topic or a partition does not exist.</exception>
    /// <exception cref="ClientException">A leader could not be reached, unless it is to be asked once only.</exception>
    public static async Task<IReadOnlyDictionary<TopicPartition, OffsetAnswer>> ListOffsetsAsync(
        this ClusterClient cluster,
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> wanted,
        CancellationToken cancellation = default,
        bool readCommitted = false,
        bool once = false)
    {
        var specs = wanted.DistinctBy(one => one.Key).ToDictionary();
        IReadOnlyDictionary<TopicPartition, LeaderAnswer<OffsetAnswer>> answers = await cluster.AskLeadersAsync(
            specs.Keys,
            async (leader, partitions) => Read(await leader.SendAsync<ListOffsetsResponse>(Request(partitions, specs, readCommitted), cancellation: cancellation)),
            once,
            cancellation);
        return answers.ToDictionary(each => each.Key, each => each.Value.Error == ErrorCode.None ? each.Value.Value : new OffsetAnswer(each.Value.Error, -1, -1, -1));
    }

    private static IEnumerable<KeyValuePair<TopicPartition, LeaderAnswer<OffsetAnswer>>> Read(ListOffsetsResponse response) =>
        response.Topics.SelectMany(topic => topic.Partitions.Select(partition => KeyValuePair.Create(
            new TopicPartition(topic.Name, partition.PartitionIndex),
            new LeaderAnswer<OffsetAnswer>(partition.ErrorCode, new OffsetAnswer(partition.ErrorCode, partition.Offset, partition.Timestamp, partition.LeaderEpoch)))));

    private static ListOffsetsRequest Request(IEnumerable<TopicPartition> partitions, Dictionary<TopicPartition, OffsetSpec> specs, bool readCommitted) => new()
    {
        ReplicaId = -1,
        IsolationLevel = (sbyte)(readCommitted ? 1 : 0),
        Topics =
        [
            .. partitions.GroupBy(partition => partition.Topic).Select(topic => new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = topic.Key,
                Partitions =
                [
                    .. topic.Select(partition => new ListOffsetsRequest.ListOffsetsPartition
                    {
                        PartitionIndex = partition.Partition,
                        Timestamp = specs[partition].Timestamp,
                    }),
                ],
            }),
        ],
    };
}
