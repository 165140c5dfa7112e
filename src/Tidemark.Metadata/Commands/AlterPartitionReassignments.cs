using System.Collections.Immutable;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Starts, changes or (with null replicas) cancels the move of partitions to other brokers (KIP-455). While it runs the partition has the old
/// and the new replicas; it ends when all the new ones are in sync.
/// </summary>
public static class AlterPartitionReassignments
{
    public static Decision<AlterPartitionReassignmentsResponse> Decide(ControllerContext context, AlterPartitionReassignmentsRequest request)
    {
        bool isTooLate = ControllerContext.IsTooLate(request.TimeoutMs);
        var response = new AlterPartitionReassignmentsResponse
        {
            AllowReplicationFactorChange = request.AllowReplicationFactorChange,
            ErrorCode = isTooLate ? ErrorCode.RequestTimedOut : ErrorCode.None,
            ErrorMessage = isTooLate ? ControllerContext.TooLate : null,
        };
        var cluster = new ClusterView(context.Image, context.Config);

        // Of a partition that comes twice the last that is allowed counts, as in Kafka.
        var changes = new Dictionary<TopicIdPartition, List<MetadataRecord>>();
        foreach (AlterPartitionReassignmentsRequest.ReassignableTopic asked in request.Topics)
        {
            var topicResponse = new AlterPartitionReassignmentsResponse.ReassignableTopicResponse { Name = asked.Name };
            TopicImage? topic = context.Image.Topics.Find(asked.Name);
            foreach (AlterPartitionReassignmentsRequest.ReassignablePartition each in asked.Partitions)
            {
                (ErrorCode code, string? message) = isTooLate ? (ErrorCode.RequestTimedOut, ControllerContext.TooLate)
                    : topic?.Partition(each.PartitionIndex) is not { } partition
                        ? (ErrorCode.UnknownTopicOrPartition, $"There is no partition {asked.Name}-{each.PartitionIndex}.")
                    : Change(context, cluster, topic, partition, each.Replicas, request.AllowReplicationFactorChange, changes);
                topicResponse.Partitions.Add(new AlterPartitionReassignmentsResponse.ReassignablePartitionResponse
                {
                    PartitionIndex = each.PartitionIndex,
                    ErrorCode = code,
                    ErrorMessage = message,
                });
            }

            response.Responses.Add(topicResponse);
        }

        return new Decision<AlterPartitionReassignmentsResponse>([.. changes.Values.SelectMany(records => records)], response);
    }

    private static (ErrorCode Code, string? Message) Change(
        ControllerContext context,
        ClusterView cluster,
        TopicImage topic,
        PartitionImage partition,
        List<int>? replicas,
        bool mayChangeFactor,
        Dictionary<TopicIdPartition, List<MetadataRecord>> changes)
    {
        List<MetadataRecord> records = [];
        (ErrorCode Code, string? Message) result = replicas is null
            ? Cancel(cluster, topic, partition, records)
            : Start(context, cluster, topic, partition, [.. replicas], mayChangeFactor, records);
        if (result.Code == ErrorCode.None)
        {
            changes[new TopicIdPartition(topic.Id, partition.Id)] = records;
        }

        return result;
    }

    private static (ErrorCode Code, string? Message) Start(
        ControllerContext context,
        ClusterView cluster,
        TopicImage topic,
        PartitionImage partition,
        ImmutableArray<int> target,
        bool mayChangeFactor,
        List<MetadataRecord> records)
    {
        if (ManualAssignment.ProblemOf(context.Image, partition.Id, target, null) is { } problem)
        {
            return (ErrorCode.InvalidReplicaAssignment, problem);
        }

        ImmutableArray<int> before = [.. partition.Replicas.Where(id => !partition.AddingReplicas.Contains(id))];
        if (!mayChangeFactor && target.Length != before.Length)
        {
            return (ErrorCode.InvalidReplicationFactor, $"Partition {topic.Name}-{partition.Id} has {before.Length} replicas and would have {target.Length}: a change is not allowed.");
        }

        // Also what an earlier reassignment was adding stays until this one is complete: it may be all that is in sync.
        ImmutableArray<int> removing = [.. partition.Replicas.Where(id => !target.Contains(id))];
        ImmutableArray<int> adding = [.. target.Where(id => !before.Contains(id))];
        var change = new PartitionChange(topic, partition, cluster)
        {
            Replicas = [.. target, .. removing],
            RemovingReplicas = removing,
            AddingReplicas = adding,
        };
        BrokerPartitions.Add(change, records);
        return (ErrorCode.None, null);
    }

    private static (ErrorCode Code, string? Message) Cancel(ClusterView cluster, TopicImage topic, PartitionImage partition, List<MetadataRecord> records)
    {
        if (!partition.IsReassigning)
        {
            return (ErrorCode.NoReassignmentInProgress, $"Partition {topic.Name}-{partition.Id} is not being reassigned.");
        }

        ImmutableArray<int> before = [.. partition.Replicas.Where(id => !partition.AddingReplicas.Contains(id))];
        ImmutableArray<int> isr = [.. partition.Isr.Where(id => before.Contains(id))];
        bool mayElectUnclean = cluster.AllowsUnclean(topic.Name) && before.Any(id => cluster.CanLead(id, partition.DirectoryOf(id)));
        if (isr.IsEmpty && !mayElectUnclean)
        {
            return (ErrorCode.InvalidReplicaAssignment, $"Without the new replicas no replica of {topic.Name}-{partition.Id} would be in sync.");
        }

        BrokerPartitions.Add(
            new PartitionChange(topic, partition, cluster) { Replicas = before, Isr = isr, RemovingReplicas = [], AddingReplicas = [] }, records);
        return (ErrorCode.None, null);
    }
}
