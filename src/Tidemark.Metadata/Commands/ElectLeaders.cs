using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Elects leaders on an operator's wish: type 0 gives partitions back to their preferred replica, type 1 takes any live replica for partitions
/// that have no leader. Without a list all partitions are meant, and those that need nothing are left out of the answer.
/// </summary>
public static class ElectLeaders
{
    public static Decision<ElectLeadersResponse> Decide(ControllerContext context, ElectLeadersRequest request, short version)
    {
        ErrorCode refusal = ControllerContext.IsTooLate(request.TimeoutMs) ? ErrorCode.RequestTimedOut
            : request.ElectionType is 0 or 1 ? ErrorCode.None
            : ErrorCode.InvalidRequest;
        if (refusal != ErrorCode.None)
        {
            string message = refusal == ErrorCode.RequestTimedOut ? ControllerContext.TooLate : $"Election type {request.ElectionType}: allowed are 0 (preferred) and 1 (unclean).";
            return new Decision<ElectLeadersResponse>([], Refused(request, refusal, message, version));
        }

        var records = new List<MetadataRecord>();
        var cluster = new ClusterView(context.Image, context.Config);
        ElectionKind kind = request.ElectionType == 0 ? ElectionKind.Preferred : ElectionKind.Unclean;
        var response = new ElectLeadersResponse();
        if (request.TopicPartitions is null)
        {
            foreach (TopicImage topic in context.Image.Topics.InOrder())
            {
                var result = new ElectLeadersResponse.ReplicaElectionResult { Topic = topic.Name };
                foreach (PartitionImage partition in topic.Partitions)
                {
                    (ErrorCode code, string? message) = Elect(cluster, topic, partition, kind, records);
                    if (code != ErrorCode.ElectionNotNeeded)
                    {
                        result.PartitionResult.Add(Result(partition.Id, code, message));
                    }
                }

                response.ReplicaElectionResults.Add(result);
            }

            return new Decision<ElectLeadersResponse>(records, response);
        }

        var done = new HashSet<TopicIdPartition>();
        foreach (ElectLeadersRequest.TopicPartitionsEntry asked in request.TopicPartitions)
        {
            var result = new ElectLeadersResponse.ReplicaElectionResult { Topic = asked.Topic };
            TopicImage? topic = context.Image.Topics.Find(asked.Topic);
            foreach (int id in asked.Partitions)
            {
                (ErrorCode code, string? message) = topic?.Partition(id) is not { } partition
                    ? (ErrorCode.UnknownTopicOrPartition, $"There is no partition {asked.Topic}-{id}.")
                    : !done.Add(new TopicIdPartition(topic.Id, id)) ? (ErrorCode.ElectionNotNeeded, "The partition comes twice in the request.")
                    : Elect(cluster, topic, partition, kind, records);
                result.PartitionResult.Add(Result(id, code, message));
            }

            response.ReplicaElectionResults.Add(result);
        }

        return new Decision<ElectLeadersResponse>(records, response);
    }

    private static (ErrorCode Code, string? Message) Elect(
        ClusterView cluster, TopicImage topic, PartitionImage partition, ElectionKind kind, List<MetadataRecord> records)
    {
        if ((kind == ElectionKind.Unclean && partition.HasLeader) || (kind == ElectionKind.Preferred && partition.HasPreferredLeader))
        {
            return (ErrorCode.ElectionNotNeeded, kind == ElectionKind.Unclean ? "The partition has a leader." : "The preferred replica leads already.");
        }

        int preferred = partition.Replicas[0];
        if (new PartitionChange(topic, partition, cluster) { Election = kind }.Build() is { } record
            && record.Message is PartitionChangeRecord { Leader: >= 0 } change
            && (kind == ElectionKind.Unclean || change.Leader == preferred))
        {
            records.Add(record);
            return (ErrorCode.None, null);
        }

        return kind == ElectionKind.Unclean
            ? (ErrorCode.EligibleLeadersNotAvailable, "No replica of the partition is alive.")
            : (ErrorCode.PreferredLeaderNotAvailable, $"The preferred replica {preferred} is not alive or not in sync.");
    }

    private static ElectLeadersResponse Refused(ElectLeadersRequest request, ErrorCode code, string message, short version)
    {
        // Version 0 has no place for an error of all.
        var response = new ElectLeadersResponse { ErrorCode = version == 0 ? ErrorCode.None : code };
        foreach (ElectLeadersRequest.TopicPartitionsEntry asked in request.TopicPartitions ?? [])
        {
            response.ReplicaElectionResults.Add(new ElectLeadersResponse.ReplicaElectionResult
            {
                Topic = asked.Topic,
                PartitionResult = [.. asked.Partitions.Select(id => Result(id, code, message))],
            });
        }

        return response;
    }

    private static ElectLeadersResponse.PartitionResult Result(int id, ErrorCode code, string? message) =>
        new() { PartitionId = id, ErrorCode = code, ErrorMessage = message };
}
