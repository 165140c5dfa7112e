using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>Members go: by themselves, for good or for a while, or because they were not heard of.</summary>
public sealed partial class ConsumerGroups
{
    private ConsumerGroupHeartbeatResponse Leave(ConsumerGroupHeartbeatRequest request, ShardTime now)
    {
        if (_groups.Find(request.GroupId) is not { } group)
        {
            return new ConsumerRefusal(ErrorCode.GroupIdNotFound, $"There is no consumer group {request.GroupId}.").ToHeartbeat();
        }

        ConsumerMember? member;
        if (request.InstanceId is null)
        {
            member = group.Member(request.MemberId);
            if (member is null)
            {
                return new ConsumerRefusal(ErrorCode.UnknownMemberId, $"{request.MemberId} is no member of group {request.GroupId}.").ToHeartbeat();
            }
        }
        else
        {
            member = group.Static(request.InstanceId);
            if (CheckHolder(request.InstanceId, request.MemberId, member) is { } refusal)
            {
                return refusal.ToHeartbeat();
            }
        }

        if (request.MemberEpoch == ConsumerMember.LeaveForAWhileEpoch)
        {
            // Its session goes on: who is not back until it ends is out.
            Shard.Write(ConsumerRecords.Current(group.Id, member! with
            {
                Epoch = ConsumerMember.LeaveForAWhileEpoch,
                Assigned = member.Assigned.WithEpoch(0),
                Revoking = OwnedPartitions.Empty,
            }));
            Cancel(group.Id, member.Id, TimerKind.Rebalance);
            Shard.Emit(new Note($"group {group.Id}: static member {member.Id} left for a while, instance id {member.InstanceId}"));
        }
        else
        {
            Fence(group, [member!], $"member {member!.Id} left", now);
        }

        return new ConsumerGroupHeartbeatResponse { MemberId = request.MemberId, MemberEpoch = request.MemberEpoch, Assignment = null };
    }

    /// <summary>Takes members out; the partitions that they had are free. Where only members of the classic protocol stay the group goes back to it.</summary>
    private void Fence(ConsumerGroup group, IReadOnlyList<ConsumerMember> members, string reason, ShardTime now)
    {
        if (members.Count == 0)
        {
            return;
        }

        if (CanDowngradeWithout(group, members))
        {
            Shard.Emit(new Note($"group {group.Id}: {reason}"));
            Downgrade(group, members, null, $"{reason}, and only members of the classic protocol are left", now);
            return;
        }

        foreach (ConsumerMember member in members)
        {
            WriteAll(ConsumerRecords.Removal(group.Id, member.Id));
            CancelAll(group.Id, member.Id);
        }

        group = Again(group);
        foreach (string regex in group.Regexes.Keys)
        {
            if (!group.RegexCounts.ContainsKey(regex))
            {
                Shard.Write(ConsumerRecords.NoRegex(group.Id, regex));
            }
        }

        group = Again(group);
        Raise(group, MetadataHash.Of(group, Shard.View.Topics), reason, now);
    }
}
