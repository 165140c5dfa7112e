using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// Takes the records of consumer groups into a group's state. Records may come out of a compacted log, so each stands for itself: a removal
/// of what is not there changes nothing, and a member may be named by its progress before it is by its metadata.
/// </summary>
internal static class ConsumerReplay
{
    /// <summary>The id of the group that the record concerns; null for a record of another kind.</summary>
    public static string? GroupOf(in CoordinatorRecord record) => record.Key switch
    {
        ConsumerGroupMetadataKey key => key.GroupId,
        ConsumerGroupPartitionMetadataKey key => key.GroupId,
        ConsumerGroupMemberMetadataKey key => key.GroupId,
        ConsumerGroupTargetAssignmentMetadataKey key => key.GroupId,
        ConsumerGroupTargetAssignmentMemberKey key => key.GroupId,
        ConsumerGroupCurrentMemberAssignmentKey key => key.GroupId,
        ConsumerGroupRegularExpressionKey key => key.GroupId,
        _ => null,
    };

    /// <summary>The group after the record; null when there is none, or none any more.</summary>
    /// <param name="group">The group before it; null when there is none.</param>
    public static ConsumerGroup? Apply(ConsumerGroup? group, in CoordinatorRecord record)
    {
        if (record.Value is null)
        {
            return group is null || record.Key is ConsumerGroupMetadataKey ? null : Removed(group, record);
        }

        group ??= new ConsumerGroup(GroupOf(record)!);
        return (record.Key, record.Value) switch
        {
            (_, ConsumerGroupMetadataValue value) => group with { Epoch = value.Epoch, MetadataHash = value.MetadataHash },
            (_, ConsumerGroupPartitionMetadataValue) => group with { HasPartitionMetadata = true },
            (ConsumerGroupMemberMetadataKey key, ConsumerGroupMemberMetadataValue value) => group.With(Described(group.Member(key.MemberId) ?? new ConsumerMember(key.MemberId), value)),
            (_, ConsumerGroupTargetAssignmentMetadataValue value) => group with { AssignmentEpoch = value.AssignmentEpoch, AssignmentTimestampMs = value.AssignmentTimestamp },
            (ConsumerGroupTargetAssignmentMemberKey key, ConsumerGroupTargetAssignmentMemberValue value) => group with { Targets = group.Targets.SetItem(key.MemberId, TargetOf(value)) },
            (ConsumerGroupCurrentMemberAssignmentKey key, ConsumerGroupCurrentMemberAssignmentValue value) => group.With(Moved(group.Member(key.MemberId) ?? new ConsumerMember(key.MemberId), value)),
            (ConsumerGroupRegularExpressionKey key, ConsumerGroupRegularExpressionValue value) => group with { Regexes = group.Regexes.SetItem(key.RegularExpression, Resolved(value)) },
            _ => group,
        };
    }

    private static ConsumerGroup Removed(ConsumerGroup group, in CoordinatorRecord record) => record.Key switch
    {
        ConsumerGroupPartitionMetadataKey => group with { HasPartitionMetadata = false },
        ConsumerGroupMemberMetadataKey key => group.Without(key.MemberId),
        ConsumerGroupTargetAssignmentMetadataKey => group with { AssignmentEpoch = -1, AssignmentTimestampMs = 0 },
        ConsumerGroupTargetAssignmentMemberKey key => group with { Targets = group.Targets.Remove(key.MemberId) },
        ConsumerGroupCurrentMemberAssignmentKey key => group.Member(key.MemberId) is { } member
            ? group.With(member.MovedTo(ConsumerMember.LeaveEpoch, MemberState.Stable, OwnedPartitions.Empty, OwnedPartitions.Empty))
            : group,
        ConsumerGroupRegularExpressionKey key => group with { Regexes = group.Regexes.Remove(key.RegularExpression) },
        _ => group,
    };

    private static ConsumerMember Described(ConsumerMember member, ConsumerGroupMemberMetadataValue value) => member with
    {
        InstanceId = value.InstanceId,
        RackId = value.RackId,
        ClientId = value.ClientId,
        ClientHost = value.ClientHost,
        TopicNames = Sorted(value.SubscribedTopicNames),
        TopicRegex = value.SubscribedTopicRegex ?? "",
        RebalanceTimeoutMs = value.RebalanceTimeoutMs,
        ServerAssignor = value.ServerAssignor,
        // A record from before there were such members lacks the field, which then reads as one without protocols.
        Classic = value.ClassicMemberMetadata is { SupportedProtocols.Count: > 0 } classic
            ? new ClassicProtocols(classic.SessionTimeoutMs, [.. classic.SupportedProtocols.Select(p => (p.Name, (ReadOnlyMemory<byte>)p.Metadata.ToArray()))])
            : null,
    };

    private static ConsumerMember Moved(ConsumerMember member, ConsumerGroupCurrentMemberAssignmentValue value) => member with
    {
        Epoch = value.MemberEpoch,
        PreviousEpoch = value.PreviousMemberEpoch,
        State = value.State is >= 0 and <= 2 ? (MemberState)value.State : MemberState.Unknown,
        Assigned = Owned(value.AssignedPartitions, value.MemberEpoch),
        Revoking = Owned(value.PartitionsPendingRevocation, value.MemberEpoch),
    };

    /// <summary>Records from before KIP-1251 tell no epochs: then nothing older than the member's own is believed.</summary>
    private static OwnedPartitions Owned(List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> topics, int memberEpoch)
    {
        if (topics.Count == 0)
        {
            return OwnedPartitions.Empty;
        }

        var owned = new OwnedPartitions.Builder();
        foreach (ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions topic in topics)
        {
            bool known = topic.AssignmentEpochs is { } epochs && epochs.Count == topic.Partitions.Count;
            for (int i = 0; i < topic.Partitions.Count; i++)
            {
                owned.Add(topic.TopicId, topic.Partitions[i], known ? topic.AssignmentEpochs![i] : memberEpoch);
            }
        }

        return owned.Build();
    }

    private static Assignment TargetOf(ConsumerGroupTargetAssignmentMemberValue value) =>
        Assignment.Of(value.TopicPartitions.Select(t => (t.TopicId, (IEnumerable<int>)t.Partitions)));

    private static ResolvedRegex Resolved(ConsumerGroupRegularExpressionValue value) => new(Sorted(value.Topics), value.Version, value.Timestamp);

    /// <summary>Names in ordinal order, each once.</summary>
    internal static IReadOnlyList<string> Sorted(IEnumerable<string> names)
    {
        string[] sorted = [.. names];
        for (int i = 1; i < sorted.Length; i++)
        {
            if (string.CompareOrdinal(sorted[i - 1], sorted[i]) >= 0)
            {
                return [.. new SortedSet<string>(sorted, StringComparer.Ordinal)];
            }
        }

        return sorted;
    }
}
