using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>Checks what a resource's configuration is to become and writes the difference.</summary>
internal static class ConfigChanges
{
    private const string MinInSync = "min.insync.replicas";

    public static (ErrorCode Code, string? Message) ResourceComesTwice => (ErrorCode.InvalidRequest, "A resource must come only once in a request.");

    public static (ErrorCode Code, string? Message) KeyComesTwice(string key) => (ErrorCode.InvalidRequest, $"Configuration {key} comes twice for one resource.");

    /// <summary>Whether a resource of that name can have configuration at all, before anybody looks at the values.</summary>
    public static (ErrorCode Code, string? Message) CheckResource(sbyte type, string name)
    {
        switch ((ConfigResourceType)type)
        {
            case ConfigResourceType.Topic:
                return name.Length == 0 ? (ErrorCode.InvalidRequest, "A topic's configuration needs the topic's name.")
                    : TopicNames.ProblemOf(name) is { } problem ? (ErrorCode.InvalidTopicException, problem)
                    : (ErrorCode.None, null);
            case ConfigResourceType.Broker:
                return name.Length == 0 || int.TryParse(name, System.Globalization.CultureInfo.InvariantCulture, out _)
                    ? (ErrorCode.None, null)
                    : (ErrorCode.InvalidRequest, $"Broker {name}: allowed is a node's number, or nothing for all brokers.");
            case ConfigResourceType.Group:
            case ConfigResourceType.ClientMetrics:
                return name.Length == 0 ? (ErrorCode.InvalidRequest, "The resource needs a name.") : (ErrorCode.None, null);
            default:
                return (ErrorCode.InvalidRequest, $"Resource type {type}: allowed are 2 (topic), 4 (broker), 8 (logger), 16 (client metrics) and 32 (group).");
        }
    }

    /// <summary>Appends the records that turn a resource's configuration into the wanted one, unless it is not allowed.</summary>
    /// <param name="touched">The keys that the request names; only those of a broker are checked, the rest may be of another version.</param>
    public static (ErrorCode Code, string? Message) Put(
        ControllerContext context,
        ConfigResource resource,
        ImmutableSortedDictionary<string, string> wanted,
        IReadOnlyCollection<string> touched,
        List<MetadataRecord> records)
    {
        (ErrorCode code, string? message) = resource.Type switch
        {
            ConfigResourceType.Topic => TopicConfigRules.ProblemOf(wanted, context.Config) is { } problem ? (ErrorCode.InvalidConfig, problem)
                : Refusal(ErrorCode.UnknownTopicOrPartition, context.Image.Topics.Find(resource.Name) is null ? $"There is no topic {resource.Name}." : null),
            ConfigResourceType.Broker => IsUnknownNode(context, resource.Name) ? (ErrorCode.BrokerIdNotRegistered, $"There is no node {resource.Name}.")
                : BrokerConfigRules.Check(context, resource, wanted, touched),
            ConfigResourceType.Group => Refusal(ErrorCode.InvalidConfig, GroupConfigRules.ProblemOf(wanted, context.Config)),
            _ => ClientMetricsRules.Check(wanted),
        };
        if (code != ErrorCode.None)
        {
            return (code, message);
        }

        ImmutableSortedDictionary<string, string> before = context.Image.ConfigOf(resource);
        foreach (string key in before.Keys.Union(wanted.Keys).Order(StringComparer.Ordinal))
        {
            before.TryGetValue(key, out string? old);
            wanted.TryGetValue(key, out string? value);
            if (old != value)
            {
                records.Add(new ConfigRecord { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name, Name = key, Value = value });
                if (key == MinInSync)
                {
                    ForgetEligible(context, resource, value, records);
                }
            }
        }

        return (ErrorCode.None, null);
    }

    /// <summary>
    /// A leader whose in-sync set is large enough for a lower min.insync.replicas commits alone from now on, so that nobody outside the set
    /// is eligible any more (KIP-966). Where the set stays too small, and above all where it is empty, nothing is committed meanwhile: who
    /// was eligible still holds everything, and forgetting it would leave a partition without a leader for ever.
    /// </summary>
    private static void ForgetEligible(ControllerContext context, ConfigResource resource, string? value, List<MetadataRecord> records)
    {
        if (!context.Image.KeepsEligibleLeaderReplicas || resource.Type is not (ConfigResourceType.Topic or ConfigResourceType.Broker))
        {
            return;
        }

        int minInSync = value is not null && ConfigValue.TryParse(ConfigTable.Topic.Find(MinInSync)!, value, out ConfigValue parsed, out _)
            ? parsed.AsInt()
            : context.Config.Find(MinInSync)?.AsInt() ?? 1;
        foreach (TopicImage topic in context.Image.Topics.InOrder())
        {
            bool isConcerned = resource.Type == ConfigResourceType.Topic
                ? topic.Name == resource.Name
                : !context.Image.ConfigOf(ConfigResource.Topic(topic.Name)).ContainsKey(MinInSync);
            if (!isConcerned)
            {
                continue;
            }

            foreach (PartitionImage partition in topic.Partitions)
            {
                bool isLargeEnough = partition.Isr.Length >= Math.Min(minInSync, partition.Replicas.Length);
                if (isLargeEnough && !partition.EligibleLeaderReplicas.IsEmpty)
                {
                    records.Add(new MetadataRecord(
                        new PartitionChangeRecord { PartitionId = partition.Id, TopicId = topic.Id, EligibleLeaderReplicas = [] },
                        context.Version.PartitionChangeRecordVersion));
                }
            }
        }
    }

    /// <summary>What is set for a node that nobody has heard of would wait unseen for the first that takes the number.</summary>
    private static bool IsUnknownNode(ControllerContext context, string name) =>
        int.TryParse(name, System.Globalization.CultureInfo.InvariantCulture, out int id)
            && id != context.NodeId
            && !context.Image.Brokers.ContainsKey(id)
            && !context.Image.Controllers.ContainsKey(id);

    public static (ErrorCode Code, string? Message) Refusal(ErrorCode code, string? problem) => problem is null ? (ErrorCode.None, null) : (code, problem);
}
