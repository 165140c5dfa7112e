using System.Collections.Immutable;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Notes in which of its log directories a broker keeps replicas (KIP-858), so that when one fails it is known what was lost. A replica in a
/// directory that is not online any more leaves the ISR at once.
/// </summary>
public static class AssignReplicasToDirs
{
    public static Decision<AssignReplicasToDirsResponse> Decide(ControllerContext context, AssignReplicasToDirsRequest request)
    {
        ErrorCode refusal = !context.Version.HasDirectories ? ErrorCode.UnsupportedVersion
            : !context.Image.Brokers.TryGetValue(request.BrokerId, out BrokerImage? broker) || broker.Epoch != request.BrokerEpoch ? ErrorCode.StaleBrokerEpoch
            : ErrorCode.None;
        if (refusal != ErrorCode.None)
        {
            return new Decision<AssignReplicasToDirsResponse>([], new AssignReplicasToDirsResponse { ErrorCode = refusal });
        }

        var records = new List<MetadataRecord>();
        var cluster = new ClusterView(context.Image, context.Config);
        var response = new AssignReplicasToDirsResponse();
        var done = new HashSet<TopicIdPartition>();
        foreach (AssignReplicasToDirsRequest.DirectoryData asked in request.Directories)
        {
            var directory = new AssignReplicasToDirsResponse.DirectoryData { Id = asked.Id };
            foreach (AssignReplicasToDirsRequest.TopicData each in asked.Topics)
            {
                var topic = new AssignReplicasToDirsResponse.TopicData { TopicId = each.TopicId };
                foreach (AssignReplicasToDirsRequest.PartitionData partition in each.Partitions)
                {
                    var at = new TopicIdPartition(each.TopicId, partition.PartitionIndex);
                    topic.Partitions.Add(new AssignReplicasToDirsResponse.PartitionData
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = done.Add(at) ? Assign(cluster, request.BrokerId, at, asked.Id, records) : ErrorCode.InvalidRequest,
                    });
                }

                directory.Topics.Add(topic);
            }

            response.Directories.Add(directory);
        }

        return new Decision<AssignReplicasToDirsResponse>(records, response);
    }

    /// <summary>Whether it was a real directory, not one of the ids that say what became of one, and is one of the broker's no more.</summary>
    private static bool IsGone(Uuid directory, ImmutableArray<Uuid> online) => !BrokerImage.IsReserved(directory) && !online.Contains(directory);

    private static ErrorCode Assign(ClusterView cluster, int broker, TopicIdPartition at, Uuid directory, List<MetadataRecord> records)
    {
        if (!cluster.Image.Topics.TryFind(at, out TopicImage? topic, out PartitionImage? partition))
        {
            return topic is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
        }

        if (!partition.Replicas.Contains(broker))
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        var change = new PartitionChange(topic, partition, cluster) { Directories = new() { [broker] = directory } };
        ImmutableArray<Uuid> online = cluster.Broker(broker)!.Directories;
        if (!online.Contains(directory))
        {
            change.Isr = [.. partition.Isr.Where(id => id != broker)];
        }
        else if (partition.Replicas.Length > 1 && IsGone(partition.DirectoryOf(broker), online))
        {
            // A replica that moves has both directories. This one was lost, with its disk, and is made anew.
            change.EmptyReplica = broker;
        }

        BrokerPartitions.Add(change, records);
        return ErrorCode.None;
    }
}
