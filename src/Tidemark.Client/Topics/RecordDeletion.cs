using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Topics;

/// <summary>Deletes the oldest records of partitions.</summary>
public static class RecordDeletion
{
    /// <summary>Deletes all records before an offset of each partition. The offset is a real one: the high watermark may move before a second attempt.</summary>
    /// <param name="brokerWait">How long a leader may wait for the other replicas to have deleted them too.</param>
    /// <returns>The first offset that is left in each.</returns>
    /// <exception cref="BrokerErrorException">A partition refused; others may have lost their records.</exception>
    public static async Task<IReadOnlyDictionary<TopicPartition, long>> DeleteRecordsAsync(
        this ClusterClient cluster, IReadOnlyDictionary<TopicPartition, long> before, TimeSpan brokerWait, CancellationToken cancellation = default)
    {
        IReadOnlyDictionary<TopicPartition, LeaderAnswer<long>> answers = await cluster.AskLeadersAsync(
            before.Keys,
            async (leader, partitions) =>
            {
                DeleteRecordsResponse response = await leader.SendAsync<DeleteRecordsResponse>(Request(partitions, before, brokerWait), brokerWait, cancellation);
                return response.Topics.SelectMany(topic => topic.Partitions.Select(partition => KeyValuePair.Create(
                    new TopicPartition(topic.Name, partition.PartitionIndex), new LeaderAnswer<long>(partition.ErrorCode, partition.LowWatermark))));
            },
            cancellation: cancellation);
        return answers.ToDictionary(each => each.Key, each => each.Value.Take($"Deleting records of {each.Key}"));
    }

    private static DeleteRecordsRequest Request(IEnumerable<TopicPartition> partitions, IReadOnlyDictionary<TopicPartition, long> before, TimeSpan brokerWait) => new()
    {
        TimeoutMs = (int)Math.Min(brokerWait.TotalMilliseconds, int.MaxValue),
        Topics =
        [
            .. partitions.GroupBy(partition => partition.Topic).Select(topic => new DeleteRecordsRequest.DeleteRecordsTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.Select(partition => new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = partition.Partition, Offset = before[partition] })],
            }),
        ],
    };
}
