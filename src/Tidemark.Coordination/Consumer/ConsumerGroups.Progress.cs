using Tidemark.Coordination.Consumer.Assigning;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>What follows when a member is heard of, in either protocol: epoch, targets, and the member's own step.</summary>
public sealed partial class ConsumerGroups
{
    private ConsumerMember Progress(
        ConsumerGroup group,
        ConsumerMember before,
        ConsumerMember described,
        bool isNew,
        bool isReplaced,
        IReadOnlyList<ConsumerGroupHeartbeatRequest.TopicPartitionsEntry>? owned,
        ShardTime now)
    {
        if (isNew || !described.HasSameMetadata(before))
        {
            Shard.Write(ConsumerRecords.Member(group.Id, described));
            group = Again(group);
        }

        bool namesChanged = !described.HasSameSubscription(before);
        (bool regexChanged, bool regexResolved) = FollowRegex(group, before, described, now);
        group = Again(group);
        string? reason = namesChanged && isNew ? $"member {described.Id} joined{(isReplaced ? " in another's place" : "")} and reads {Sample(described.TopicNames)}"
            : namesChanged ? $"member {described.Id} now reads {Sample(described.TopicNames)}"
            : regexResolved ? $"member {described.Id} {(isNew ? "joined and" : "now")} reads what matches `{described.TopicRegex}`"
            : null;
        group = LookAtTopics(group, reason, now);
        group = Retarget(group, now);
        ConsumerMember reached = Step(group, group.Member(described.Id) ?? described, namesChanged || regexChanged, owned, now);
        return reached;
    }

    /// <summary>Raises the epoch for the reason, or when the topics that the group reads are no longer what they were.</summary>
    private ConsumerGroup LookAtTopics(ConsumerGroup group, string? reason, ShardTime now)
    {
        GroupActivity activity = ActivityOf(group.Id);
        if (reason is null && activity.CheckedView == _view)
        {
            return group;
        }

        activity.CheckedView = _view;
        long hash = MetadataHash.Of(group, Shard.View.Topics);
        if (reason is null && hash == group.MetadataHash)
        {
            return group;
        }

        Raise(group, hash, reason ?? "the topics it reads, their partitions or racks changed", now);
        if (group.HasPartitionMetadata)
        {
            Shard.Write(ConsumerRecords.NoPartitionMetadata(group.Id));
        }

        return Again(group);
    }

    private void Raise(ConsumerGroup group, long hash, string reason, ShardTime now)
    {
        int epoch = group.Epoch + 1;
        reason = Told.Short(reason);
        Shard.Write(ConsumerRecords.Group(group.Id, epoch, hash));
        ActivityOf(group.Id).Remember(epoch, reason, now.UnixMs);
        Shard.Emit(new Note($"group {group.Id} goes to epoch {epoch}: {reason}"));
    }

    /// <summary>Computes the targets when they are behind the group's epoch, but not more often than the assignment interval allows.</summary>
    private ConsumerGroup Retarget(ConsumerGroup group, ShardTime now)
    {
        if (group.Epoch <= group.AssignmentEpoch || !MayAssign(group, now))
        {
            return group;
        }

        GroupToAssign input = Subscriptions.Of(group, Shard.View.Topics);
        IAssignor assignor = Assignors.Find(AssignorOf(group)) ?? Assignors.All[0];
        Assignment[] targets = assignor.Assign(input);
        for (int m = 0; m < targets.Length; m++)
        {
            string member = input.Members[m].Id;
            if (!group.Targets.TryGetValue(member, out Assignment? old) || !targets[m].Equals(old))
            {
                Shard.Write(ConsumerRecords.Target(group.Id, member, targets[m]));
            }
        }

        Shard.Write(ConsumerRecords.TargetEpoch(group.Id, group.Epoch, now.UnixMs));
        return Again(group);
    }

    private bool MayAssign(ConsumerGroup group, ShardTime now)
    {
        int interval = Setting(
            group.Id, "consumer.assignment.interval.ms", Shard.View.Groups.ConsumerAssignmentIntervalMs, Shard.View.Groups.ConsumerAssignmentIntervalBounds);
        long since = now.UnixMs - group.AssignmentTimestampMs;
        return group.AssignmentTimestampMs <= 0 || since < 0 || since >= interval;
    }

    /// <summary>The assignor that most members want; the broker's first where none is wanted.</summary>
    private string AssignorOf(ConsumerGroup group)
    {
        string? wanted = null;
        int most = 0;
        foreach ((string name, int count) in group.AssignorCounts)
        {
            if (count > most && Shard.View.Groups.ConsumerAssignors.Contains(name))
            {
                (wanted, most) = (name, count);
            }
        }

        return wanted ?? Shard.View.Groups.ConsumerAssignors.FirstOrDefault() ?? Assignors.All[0].Name;
    }

    /// <summary>Moves the member towards its target.</summary>
    private ConsumerMember Step(
        ConsumerGroup group,
        ConsumerMember member,
        bool hasSubscriptionChanged,
        IReadOnlyList<ConsumerGroupHeartbeatRequest.TopicPartitionsEntry>? owned,
        ShardTime now)
    {
        if (!hasSubscriptionChanged && member.IsReconciledTo(group.AssignmentEpoch))
        {
            return member;
        }

        var reconciliation = new Reconciliation
        {
            Group = group,
            Topics = Shard.View.Topics,
            TargetEpoch = group.AssignmentEpoch,
            Target = group.TargetOf(member.Id, member.InstanceId),
            Owned = owned,
            HasSubscriptionChanged = hasSubscriptionChanged,
        };
        ConsumerMember? next = reconciliation.Next(member);
        if (next is null || next.HasSameProgress(member))
        {
            return member;
        }

        Shard.Write(ConsumerRecords.Current(group.Id, next));
        if (next.Classic is null)
        {
            if (next.State == MemberState.UnrevokedPartitions)
            {
                Set(group.Id, next.Id, TimerKind.Rebalance, next.RebalanceTimeoutMs, now);
            }
            else
            {
                Cancel(group.Id, next.Id, TimerKind.Rebalance);
            }
        }

        return next;
    }

    private static string Sample(IReadOnlyList<string> names)
    {
        const int Told = 5;
        return names.Count == 0 ? "no topic by name" : string.Join(", ", names.Take(Told)) + (names.Count > Told ? $" and {names.Count - Told} more" : "");
    }
}
