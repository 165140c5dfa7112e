using System.Collections.Immutable;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Placement;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>Adds partitions to topics; they get as many replicas as the topic's first partition has.</summary>
public static class CreatePartitions
{
    public static Decision<CreatePartitionsResponse> Decide(ControllerContext context, CreatePartitionsRequest request)
    {
        var records = new List<MetadataRecord>();
        var response = new CreatePartitionsResponse();
        bool isTooLate = ControllerContext.IsTooLate(request.TimeoutMs);
        foreach (IGrouping<string, CreatePartitionsRequest.CreatePartitionsTopic> same in request.Topics.GroupBy(topic => topic.Name, StringComparer.Ordinal))
        {
            (ErrorCode code, string? message) = isTooLate ? (ErrorCode.RequestTimedOut, ControllerContext.TooLate)
                : same.Count() > 1 ? (ErrorCode.InvalidRequest, $"Topic {same.Key} comes {same.Count()} times in the request.")
                : Create(context, same.First(), records);
            response.Results.Add(new CreatePartitionsResponse.CreatePartitionsTopicResult
            {
                Name = same.Key,
                ErrorCode = code,
                ErrorMessage = message,
            });
        }

        return new Decision<CreatePartitionsResponse>(request.ValidateOnly ? [] : records, response);
    }

    private static (ErrorCode Code, string? Message) Create(
        ControllerContext context, CreatePartitionsRequest.CreatePartitionsTopic asked, List<MetadataRecord> records)
    {
        if (context.Image.Topics.Find(asked.Name) is not { } topic)
        {
            return (ErrorCode.UnknownTopicOrPartition, $"There is no topic {asked.Name}.");
        }

        int now = topic.Partitions.Length;
        if (asked.Count <= now)
        {
            return (ErrorCode.InvalidPartitions, $"Topic {topic.Name} has {now} partitions and {asked.Count} are wanted: allowed is more than it has.");
        }

        int added = asked.Count - now;
        if (added > CreateTopics.PartitionsMax)
        {
            // Not the code that CreateTopics has for it, but the one that Kafka answers here.
            return (ErrorCode.InvalidReplicaAssignment, $"The request adds {added} partitions; {CreateTopics.PartitionsMax} are allowed in one request.");
        }

        int factor = topic.Partitions[0].Replicas.Length;
        IReadOnlyList<ImmutableArray<int>> assignment;
        if (asked.Assignments is { } manual)
        {
            if (manual.Count != added)
            {
                return (ErrorCode.InvalidReplicaAssignment, $"{added} partitions are added, but {manual.Count} are assigned.");
            }

            assignment = [.. manual.Select(each => each.BrokerIds.ToImmutableArray())];
            for (int i = 0; i < added; i++)
            {
                if (ManualAssignment.ProblemOf(context.Image, now + i, assignment[i], factor) is { } problem)
                {
                    return (ErrorCode.InvalidReplicaAssignment, problem);
                }
            }
        }
        else if (ReplicaPlacement.Place(context.Image, added, factor, (uint)topic.Id.Low, now) is { } placed)
        {
            // The topic's id is the same start as at its creation, so that the rounds go on where they ended.
            assignment = placed;
        }
        else
        {
            return (ErrorCode.InvalidReplicationFactor, $"Replication factor {factor}: there are {context.Image.Brokers.Values.Count(broker => broker.TakesPartitions)} live brokers that take new partitions.");
        }

        NewPartitions.Append(new ClusterView(context.Image, context.Config), topic.Id, now, assignment, records);
        return (ErrorCode.None, null);
    }
}
