using System.Collections.Immutable;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer;

/// <summary>The topics that a regular expression stands for.</summary>
/// <param name="Topics">Names in order.</param>
/// <param name="Version">Kafka's mark of the cluster's metadata that was looked at; 0 when it is not known, which has Kafka look again.</param>
/// <param name="TimestampMs">When it was looked, in Unix milliseconds.</param>
public sealed record ResolvedRegex(IReadOnlyList<string> Topics, long Version, long TimestampMs)
{
    /// <summary>Whether the topic's name is among those found.</summary>
    public bool Contains(string topic) => SortedNames.Have(Topics, topic);
}

/// <summary>
/// A group whose assignment the coordinator computes (KIP-848), immutable: replaying a record makes another. Three epochs tell how far it is: the group's
/// rises with every reason to assign anew, the assignment's is that for which the targets were computed, and a member's that towards which it has moved. A
/// partition goes to its next member when the one before has given it up (<see cref="IsOwned"/>), so that no two have it at once.
/// </summary>
public sealed partial record ConsumerGroup(string Id) : IGroup
{
    /// <summary>What a group begins with, before any record says otherwise.</summary>
    public const int FirstEpoch = 1;

    public int Epoch { get; init; } = FirstEpoch;

    /// <summary>Over all that was seen of the topics subscribed to; 0 when there are none.</summary>
    public long MetadataHash { get; init; }

    /// <summary>The group's epoch for which <see cref="Targets"/> were computed.</summary>
    public int AssignmentEpoch { get; init; } = FirstEpoch;

    /// <summary>When they were computed, in Unix milliseconds; 0 when never, or by a classic leader.</summary>
    public long AssignmentTimestampMs { get; init; }

    /// <summary>Whether a record of brokers before 4.1 is still there to be removed.</summary>
    public bool HasPartitionMetadata { get; init; }

    public ImmutableSortedDictionary<string, ConsumerMember> Members { get; init; } = NoMembers;

    /// <summary>What each member is meant to have.</summary>
    public ImmutableSortedDictionary<string, Assignment> Targets { get; init; } = NoTargets;

    public ImmutableSortedDictionary<string, ResolvedRegex> Regexes { get; init; } = NoRegexes;

    /// <summary>The members with an instance id, by it.</summary>
    public ImmutableDictionary<string, string> Statics { get; init; } = NoStatics;

    /// <summary>How many members name each topic.</summary>
    public ImmutableSortedDictionary<string, int> TopicCounts { get; init; } = NoCounts;

    /// <summary>How many members subscribe to each expression.</summary>
    public ImmutableSortedDictionary<string, int> RegexCounts { get; init; } = NoCounts;

    /// <summary>How many members want each assignor.</summary>
    public ImmutableSortedDictionary<string, int> AssignorCounts { get; init; } = NoCounts;

    /// <summary>How many members speak the classic protocol.</summary>
    public int ClassicMembers { get; init; }

    /// <summary>How many members speak the consumer protocol, and heartbeat as often as they are told.</summary>
    public int Heartbeating => Members.Count - ClassicMembers;

    /// <summary>The members that are not at rest in <see cref="AssignmentEpoch"/> are counted by looking; this is Kafka's word for what comes out.</summary>
    public string State =>
        Members.IsEmpty ? "Empty"
        : Epoch > AssignmentEpoch ? "Assigning"
        : Members.Values.All(m => m.IsReconciledTo(AssignmentEpoch)) ? "Stable"
        : "Reconciling";

    private ImmutableDictionary<(Uuid Topic, int Partition), string> Owners { get; init; } = NoOwners;

    private static readonly ImmutableSortedDictionary<string, ConsumerMember> NoMembers = ImmutableSortedDictionary.Create<string, ConsumerMember>(StringComparer.Ordinal);
    private static readonly ImmutableSortedDictionary<string, Assignment> NoTargets = ImmutableSortedDictionary.Create<string, Assignment>(StringComparer.Ordinal);
    private static readonly ImmutableSortedDictionary<string, ResolvedRegex> NoRegexes = ImmutableSortedDictionary.Create<string, ResolvedRegex>(StringComparer.Ordinal);
    private static readonly ImmutableSortedDictionary<string, int> NoCounts = ImmutableSortedDictionary.Create<string, int>(StringComparer.Ordinal);
    private static readonly ImmutableDictionary<string, string> NoStatics = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);
    private static readonly ImmutableDictionary<(Uuid Topic, int Partition), string> NoOwners = ImmutableDictionary<(Uuid Topic, int Partition), string>.Empty;

    public ConsumerMember? Member(string id) => Members.GetValueOrDefault(id);

    public ConsumerMember? Static(string? instance) =>
        instance is not null && Statics.TryGetValue(instance, out string? id) ? Members.GetValueOrDefault(id) : null;

    /// <summary>The member's target; that of the member with its instance id where it has none itself.</summary>
    public Assignment TargetOf(string member, string? instance) =>
        Targets.TryGetValue(member, out Assignment? own) ? own
        : instance is not null && Statics.TryGetValue(instance, out string? before) && Targets.TryGetValue(before, out Assignment? taken) ? taken
        : Assignment.Empty;

    /// <summary>Whether some member has the partition, or has been told to give it up and has not yet.</summary>
    public bool IsOwned(Uuid topic, int partition) => Owners.ContainsKey((topic, partition));

    /// <summary>Who has the partition, or null.</summary>
    public string? OwnerOf(Uuid topic, int partition) => Owners.GetValueOrDefault((topic, partition));

    /// <summary>Whether a member names the topic or an expression found it.</summary>
    public bool IsSubscribedTo(string topic) => TopicCounts.ContainsKey(topic) || Regexes.Any(r => RegexCounts.ContainsKey(r.Key) && r.Value.Contains(topic));

    /// <summary>The group with the member as it is now; what is derived from members follows.</summary>
    public ConsumerGroup With(ConsumerMember member)
    {
        ConsumerMember? before = Members.GetValueOrDefault(member.Id);
        ConsumerGroup counted = Counted(before, member);
        return counted with { Members = Members.SetItem(member.Id, member), Owners = OwnersAfter(before, member) };
    }

    /// <summary>The group without the member.</summary>
    public ConsumerGroup Without(string id)
    {
        ConsumerMember? before = Members.GetValueOrDefault(id);
        return before is null ? this : Counted(before, null) with { Members = Members.Remove(id), Owners = OwnersAfter(before, null) };
    }

    private ConsumerGroup Counted(ConsumerMember? before, ConsumerMember? after)
    {
        ImmutableSortedDictionary<string, int> topics = TopicCounts;
        if (before is null || after is null || !before.HasSameSubscription(after))
        {
            topics = Move(topics, before?.TopicNames ?? [], after?.TopicNames ?? []);
        }

        ImmutableDictionary<string, string> statics = Statics;
        if (before?.InstanceId is { } old && after?.InstanceId != old && statics.GetValueOrDefault(old) == before.Id)
        {
            statics = statics.Remove(old);
        }

        if (after?.InstanceId is { } instance)
        {
            statics = statics.SetItem(instance, after.Id);
        }

        return this with
        {
            TopicCounts = topics,
            RegexCounts = Move(RegexCounts, One(before?.TopicRegex), One(after?.TopicRegex)),
            AssignorCounts = Move(AssignorCounts, One(before?.ServerAssignor), One(after?.ServerAssignor)),
            Statics = statics,
            ClassicMembers = ClassicMembers - (before?.Classic is null ? 0 : 1) + (after?.Classic is null ? 0 : 1),
        };
    }

    private ImmutableDictionary<(Uuid Topic, int Partition), string> OwnersAfter(ConsumerMember? before, ConsumerMember? after)
    {
        if (before is not null && after is not null && before.Assigned.HasSamePartitions(after.Assigned) && before.Revoking.HasSamePartitions(after.Revoking))
        {
            return Owners;
        }

        ImmutableDictionary<(Uuid Topic, int Partition), string>.Builder owners = Owners.ToBuilder();
        if (before is not null)
        {
            foreach ((Uuid topic, int partition, _) in before.Assigned.All.Concat(before.Revoking.All))
            {
                // A compacted log may name the next owner before it tells that this one gave the partition up.
                if (owners.TryGetValue((topic, partition), out string? owner) && owner == before.Id)
                {
                    owners.Remove((topic, partition));
                }
            }
        }

        if (after is not null)
        {
            foreach ((Uuid topic, int partition, _) in after.Assigned.All.Concat(after.Revoking.All))
            {
                owners[(topic, partition)] = after.Id;
            }
        }

        return owners.ToImmutable();
    }

    private static IReadOnlyList<string> One(string? value) => string.IsNullOrEmpty(value) ? [] : [value];

    private static ImmutableSortedDictionary<string, int> Move(ImmutableSortedDictionary<string, int> counts, IReadOnlyList<string> from, IReadOnlyList<string> to)
    {
        if (from.Count == 0 && to.Count == 0)
        {
            return counts;
        }

        ImmutableSortedDictionary<string, int>.Builder builder = counts.ToBuilder();
        foreach (string name in to)
        {
            builder[name] = builder.GetValueOrDefault(name) + 1;
        }

        foreach (string name in from)
        {
            int left = builder.GetValueOrDefault(name) - 1;
            if (left > 0)
            {
                builder[name] = left;
            }
            else
            {
                builder.Remove(name);
            }
        }

        return builder.ToImmutable();
    }
}
