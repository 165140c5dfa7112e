using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Who leads less by some records. Until a broker has read them it may take itself for the leader, and a heartbeat must not tell it that it may serve.</summary>
public static class TakenLeaderships
{
    /// <param name="before">The cluster without the records.</param>
    /// <returns>The brokers that lead something in it which they lead no more behind the records; one may be named several times.</returns>
    public static IEnumerable<int> Of(MetadataImage before, IEnumerable<MetadataRecord> records)
    {
        foreach (MetadataRecord record in records)
        {
            switch (record.Message)
            {
                case PartitionChangeRecord { Leader: not PartitionImage.LeaderUnchanged } change
                    when before.Topics.Find(change.TopicId)?.Partition(change.PartitionId) is { HasLeader: true } partition && partition.Leader != change.Leader:
                    yield return partition.Leader;
                    break;
                case RemoveTopicRecord removed when before.Topics.Find(removed.TopicId) is { } topic:
                    foreach (PartitionImage partition in topic.Partitions.Where(partition => partition.HasLeader))
                    {
                        yield return partition.Leader;
                    }

                    break;
                default:
                    break;
            }
        }
    }
}
