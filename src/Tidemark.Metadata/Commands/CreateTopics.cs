using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Placement;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Creates topics. Each topic stands or falls for itself, all records go into one batch. Topics that come twice in a request are refused;
/// names that collide in metrics are refused only against topics that exist already, as Kafka does.
/// </summary>
public static class CreateTopics
{
    /// <summary>More partitions than this would make one batch of the metadata log too large.</summary>
    public const int PartitionsMax = 10_000;

    public static Decision<CreateTopicsResponse> Decide(ControllerContext context, CreateTopicsRequest request)
    {
        var records = new List<MetadataRecord>();
        var response = new CreateTopicsResponse();
        if (RefusalOfAll(context, request) is { } refusal)
        {
            foreach (string name in request.Topics.Select(topic => topic.Name).Distinct())
            {
                response.Topics.Add(Refused(name, refusal.Code, refusal.Message));
            }

            return new Decision<CreateTopicsResponse>([], response);
        }

        foreach (IGrouping<string, CreateTopicsRequest.CreatableTopic> same in request.Topics.GroupBy(topic => topic.Name, StringComparer.Ordinal))
        {
            response.Topics.Add(same.Count() > 1
                ? Refused(same.Key, ErrorCode.InvalidRequest, $"Topic {same.Key} comes {same.Count()} times in the request.")
                : Create(context, same.First(), records));
        }

        return new Decision<CreateTopicsResponse>(request.ValidateOnly ? [] : records, response);
    }

    private static (ErrorCode Code, string Message)? RefusalOfAll(ControllerContext context, CreateTopicsRequest request)
    {
        if (ControllerContext.IsTooLate(request.TimeoutMs))
        {
            return (ErrorCode.RequestTimedOut, ControllerContext.TooLate);
        }

        long partitions = 0;
        foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics)
        {
            partitions += topic.Assignments.Count > 0 ? topic.Assignments.Count
                : topic.NumPartitions == -1 ? context.Config.GetInt("num.partitions")
                : Math.Max(0, topic.NumPartitions);
        }

        return partitions > PartitionsMax
            ? (ErrorCode.PolicyViolation, $"The request makes {partitions} partitions; {PartitionsMax} are allowed in one request.")
            : null;
    }

    private static CreateTopicsResponse.CreatableTopicResult Create(
        ControllerContext context, CreateTopicsRequest.CreatableTopic topic, List<MetadataRecord> records)
    {
        MetadataImage image = context.Image;
        string name = topic.Name;
        if (name == TopicImage.ClusterMetadata)
        {
            return Refused(name, ErrorCode.InvalidRequest, $"Topic {name} belongs to the controllers.");
        }

        if (TopicNames.ProblemOf(name) is { } badName)
        {
            return Refused(name, ErrorCode.InvalidTopicException, badName);
        }

        if (image.Topics.Find(name) is not null)
        {
            return Refused(name, ErrorCode.TopicAlreadyExists, $"Topic {name} already exists.");
        }

        if (TopicNames.CollisionOf(name, image.Topics) is { } other)
        {
            return Refused(name, ErrorCode.InvalidTopicException, $"Topic {name} collides with the existing topic {other}: their metrics would have one name.");
        }

        var overrides = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (CreateTopicsRequest.CreatableTopicConfig config in topic.Configs)
        {
            if (config.Value is null)
            {
                return Refused(name, ErrorCode.InvalidConfig, ConfigTable.Topic.ProblemOf(config.Name, null)!);
            }

            overrides[config.Name] = config.Value;
        }

        if (TopicConfigRules.ProblemOf(overrides, context.Config) is { } badConfig)
        {
            return Refused(name, ErrorCode.InvalidConfig, badConfig);
        }

        Uuid id = context.NewId();
        (IReadOnlyList<ImmutableArray<int>>? assignment, ErrorCode code, string? message) = Assign(context, topic, id);
        if (assignment is null)
        {
            return Refused(name, code, message);
        }

        Append(context, name, id, overrides, assignment, records);
        return Created(context, name, id, overrides, assignment);
    }

    private static (IReadOnlyList<ImmutableArray<int>>? Assignment, ErrorCode Code, string? Message) Assign(
        ControllerContext context, CreateTopicsRequest.CreatableTopic topic, Uuid id)
    {
        if (topic.Assignments.Count > 0)
        {
            return AssignByHand(context, topic);
        }

        if (topic.ReplicationFactor is 0 or < -1)
        {
            return (null, ErrorCode.InvalidReplicationFactor, $"Replication factor {topic.ReplicationFactor}: allowed is at least 1, or -1 for the default.");
        }

        if (topic.NumPartitions is 0 or < -1)
        {
            return (null, ErrorCode.InvalidPartitions, $"{topic.NumPartitions} partitions: allowed is at least 1, or -1 for the default.");
        }

        int partitions = topic.NumPartitions == -1 ? context.Config.GetInt("num.partitions") : topic.NumPartitions;
        int replicas = topic.ReplicationFactor == -1 ? context.Config.GetInt("default.replication.factor") : topic.ReplicationFactor;
        IReadOnlyList<ImmutableArray<int>>? placed = ReplicaPlacement.Place(context.Image, partitions, replicas, (uint)id.Low);
        return placed is null
            ? (null, ErrorCode.InvalidReplicationFactor, $"Replication factor {replicas}: there are {context.Image.Brokers.Values.Count(broker => broker.TakesPartitions)} live brokers that take new partitions.")
            : (placed, ErrorCode.None, null);
    }

    private static (IReadOnlyList<ImmutableArray<int>>? Assignment, ErrorCode Code, string? Message) AssignByHand(
        ControllerContext context, CreateTopicsRequest.CreatableTopic topic)
    {
        if (topic.ReplicationFactor != -1)
        {
            return (null, ErrorCode.InvalidRequest, $"Replication factor {topic.ReplicationFactor} beside a manual assignment: allowed is -1.");
        }

        if (topic.NumPartitions != -1)
        {
            return (null, ErrorCode.InvalidRequest, $"{topic.NumPartitions} partitions beside a manual assignment: allowed is -1.");
        }

        var byIndex = new SortedDictionary<int, ImmutableArray<int>>();
        int? factor = null;
        foreach (CreateTopicsRequest.CreatableReplicaAssignment assignment in topic.Assignments)
        {
            ImmutableArray<int> replicas = [.. assignment.BrokerIds];
            if (ManualAssignment.ProblemOf(context.Image, assignment.PartitionIndex, replicas, factor) is { } problem)
            {
                return (null, ErrorCode.InvalidReplicaAssignment, problem);
            }

            if (!byIndex.TryAdd(assignment.PartitionIndex, replicas))
            {
                return (null, ErrorCode.InvalidReplicaAssignment, $"Partition {assignment.PartitionIndex} is assigned twice.");
            }

            factor ??= replicas.Length;
        }

        return byIndex.Keys.First() != 0 || byIndex.Keys.Last() != byIndex.Count - 1
            ? (null, ErrorCode.InvalidReplicaAssignment, "Partitions must be numbered from 0 without gaps.")
            : (byIndex.Values.ToList(), ErrorCode.None, null);
    }

    private static void Append(
        ControllerContext context,
        string name,
        Uuid id,
        Dictionary<string, string> overrides,
        IReadOnlyList<ImmutableArray<int>> assignment,
        List<MetadataRecord> records)
    {
        records.Add(new TopicRecord { Name = name, TopicId = id });
        foreach ((string key, string value) in overrides)
        {
            records.Add(new ConfigRecord { ResourceType = (sbyte)ConfigResourceType.Topic, ResourceName = name, Name = key, Value = value });
        }

        NewPartitions.Append(new ClusterView(context.Image, context.Config), id, 0, assignment, records);
    }

    private static CreateTopicsResponse.CreatableTopicResult Created(
        ControllerContext context, string name, Uuid id, Dictionary<string, string> overrides, IReadOnlyList<ImmutableArray<int>> assignment)
    {
        var result = new CreateTopicsResponse.CreatableTopicResult
        {
            Name = name,
            TopicId = id,
            ErrorMessage = null,
            NumPartitions = assignment.Count,
            ReplicationFactor = (short)assignment[0].Length,
            Configs = [],
        };
        foreach (DescribedConfig config in ResourceConfig.OfTopic(overrides, context.Config).DescribeAll())
        {
            result.Configs.Add(new CreateTopicsResponse.CreatableTopicConfigs
            {
                Name = config.Name,
                // As it was asked for: "1" stays "1" where the number is 1.0.
                Value = overrides.TryGetValue(config.Name, out string? asked) ? asked : config.Value,
                ReadOnly = config.IsReadOnly,
                ConfigSource = (sbyte)config.Source,
                IsSensitive = config.IsSensitive,
            });
        }

        return result;
    }

    private static CreateTopicsResponse.CreatableTopicResult Refused(string name, ErrorCode code, string? message) =>
        new() { Name = name, ErrorCode = code, ErrorMessage = message, Configs = [] };
}
