using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>A consumer group's state as the records of <c>__consumer_offsets</c>; <see cref="ConsumerReplay"/> is the way back.</summary>
internal static class ConsumerRecords
{
    public static CoordinatorRecord Group(string group, int epoch, long metadataHash) =>
        new(GroupKey(group), new ConsumerGroupMetadataValue { Epoch = epoch, MetadataHash = metadataHash }, 0);

    public static CoordinatorRecord NoGroup(string group) => CoordinatorRecord.Tombstone(GroupKey(group));

    /// <summary>Removes what brokers before 4.1 wrote.</summary>
    public static CoordinatorRecord NoPartitionMetadata(string group) =>
        CoordinatorRecord.Tombstone(new ConsumerGroupPartitionMetadataKey { GroupId = group });

    public static CoordinatorRecord Member(string group, ConsumerMember member) => new(
        MemberKey(group, member.Id),
        new ConsumerGroupMemberMetadataValue
        {
            InstanceId = member.InstanceId,
            RackId = member.RackId,
            ClientId = member.ClientId,
            ClientHost = member.ClientHost,
            SubscribedTopicNames = [.. member.TopicNames],
            SubscribedTopicRegex = member.TopicRegex,
            RebalanceTimeoutMs = member.RebalanceTimeoutMs,
            ServerAssignor = member.ServerAssignor,
            ClassicMemberMetadata = member.Classic is null ? null : new ConsumerGroupMemberMetadataValue.ClassicMemberMetadataValue
            {
                SessionTimeoutMs = member.Classic.SessionTimeoutMs,
                SupportedProtocols = [.. member.Classic.Protocols.Select(p => new ConsumerGroupMemberMetadataValue.ClassicProtocol { Name = p.Name, Metadata = p.Metadata })],
            },
        },
        0);

    public static CoordinatorRecord NoMember(string group, string member) => CoordinatorRecord.Tombstone(MemberKey(group, member));

    public static CoordinatorRecord TargetEpoch(string group, int epoch, long timestampMs) => new(
        TargetEpochKey(group),
        new ConsumerGroupTargetAssignmentMetadataValue { AssignmentEpoch = epoch, AssignmentTimestamp = timestampMs },
        0);

    public static CoordinatorRecord NoTargetEpoch(string group) => CoordinatorRecord.Tombstone(TargetEpochKey(group));

    public static CoordinatorRecord Target(string group, string member, Assignment target)
    {
        var value = new ConsumerGroupTargetAssignmentMemberValue();
        foreach (Uuid topic in target.Topics)
        {
            value.TopicPartitions.Add(new ConsumerGroupTargetAssignmentMemberValue.TopicPartition { TopicId = topic, Partitions = [.. target.Of(topic)] });
        }

        return new CoordinatorRecord(TargetKey(group, member), value, 0);
    }

    public static CoordinatorRecord NoTarget(string group, string member) => CoordinatorRecord.Tombstone(TargetKey(group, member));

    public static CoordinatorRecord Current(string group, ConsumerMember member) => new(
        CurrentKey(group, member.Id),
        new ConsumerGroupCurrentMemberAssignmentValue
        {
            MemberEpoch = member.Epoch,
            PreviousMemberEpoch = member.PreviousEpoch,
            State = (sbyte)member.State,
            AssignedPartitions = Owned(member.Assigned),
            PartitionsPendingRevocation = Owned(member.Revoking),
        },
        0);

    public static CoordinatorRecord NoCurrent(string group, string member) => CoordinatorRecord.Tombstone(CurrentKey(group, member));

    public static CoordinatorRecord Regex(string group, string regex, ResolvedRegex resolved) => new(
        RegexKey(group, regex),
        new ConsumerGroupRegularExpressionValue { Topics = [.. resolved.Topics], Version = resolved.Version, Timestamp = resolved.TimestampMs },
        0);

    public static CoordinatorRecord NoRegex(string group, string regex) => CoordinatorRecord.Tombstone(RegexKey(group, regex));

    /// <summary>All records that remove a member, in the order in which they may be replayed.</summary>
    public static IEnumerable<CoordinatorRecord> Removal(string group, string member) =>
        [NoCurrent(group, member), NoTarget(group, member), NoMember(group, member)];

    /// <summary>All records that remove a group with its members.</summary>
    public static IEnumerable<CoordinatorRecord> Removal(ConsumerGroup group)
    {
        foreach (string member in group.Members.Keys)
        {
            yield return NoCurrent(group.Id, member);
        }

        foreach (string member in group.Targets.Keys)
        {
            yield return NoTarget(group.Id, member);
        }

        yield return NoTargetEpoch(group.Id);
        foreach (string member in group.Members.Keys)
        {
            yield return NoMember(group.Id, member);
        }

        foreach (string regex in group.Regexes.Keys)
        {
            yield return NoRegex(group.Id, regex);
        }

        yield return NoPartitionMetadata(group.Id);
        yield return NoGroup(group.Id);
    }

    private static ConsumerGroupMetadataKey GroupKey(string group) => new() { GroupId = group };

    private static ConsumerGroupMemberMetadataKey MemberKey(string group, string member) => new() { GroupId = group, MemberId = member };

    private static ConsumerGroupTargetAssignmentMetadataKey TargetEpochKey(string group) => new() { GroupId = group };

    private static ConsumerGroupTargetAssignmentMemberKey TargetKey(string group, string member) => new() { GroupId = group, MemberId = member };

    private static ConsumerGroupCurrentMemberAssignmentKey CurrentKey(string group, string member) => new() { GroupId = group, MemberId = member };

    private static ConsumerGroupRegularExpressionKey RegexKey(string group, string regex) => new() { GroupId = group, RegularExpression = regex };

    private static List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions> Owned(OwnedPartitions owned)
    {
        var topics = new List<ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions>();
        foreach (Uuid topic in owned.Topics)
        {
            topics.Add(new ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions
            {
                TopicId = topic,
                Partitions = [.. owned.Of(topic)],
                AssignmentEpochs = [.. owned.EpochsOf(topic)],
            });
        }

        return topics;
    }
}
