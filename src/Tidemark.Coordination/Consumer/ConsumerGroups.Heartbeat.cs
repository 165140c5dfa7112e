using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Consumer.Expressions;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>ConsumerGroupHeartbeat: joining, staying, saying what one owns and what one wants.</summary>
public sealed partial class ConsumerGroups
{
    /// <summary>Takes a heartbeat; also joins (epoch 0) and leaves (epochs -1 and -2).</summary>
    /// <param name="fresh">A new id, for a member of version 0 that has none yet.</param>
    /// <param name="membersOfNode">How many members heartbeat to this node: <see cref="GroupShard.Heartbeating"/> of all its shards, as far as it is known.</param>
    public void Heartbeat(long ticket, ConsumerGroupHeartbeatRequest request, short version, GroupClient client, Uuid fresh, int membersOfNode, ShardTime now)
    {
        if (!Shard.View.Groups.ServesConsumerGroups)
        {
            Shard.RespondAtOnce(ticket, ConsumerRefusal.NotServed.ToHeartbeat());
            return;
        }

        if (ConsumerRefusal.Of(request, version, Shard.View.Groups.ConsumerAssignors) is { } refusal)
        {
            Shard.RespondAtOnce(ticket, refusal.ToHeartbeat());
            return;
        }

        Shard.Respond(ticket, request.MemberEpoch < 0 ? Leave(request, now) : Beat(request, client, fresh, membersOfNode, now));
    }

    private ConsumerGroupHeartbeatResponse Beat(ConsumerGroupHeartbeatRequest request, GroupClient client, Uuid fresh, int membersOfNode, ShardTime now)
    {
        bool joins = request.MemberEpoch == 0;
        string id = request.MemberId.Length == 0 ? fresh.ToString() : request.MemberId;

        // Everything that may be refused comes before the first record.
        IGroup? known = Shard.Find(request.GroupId);
        ConsumerRefusal? refusal = CheckGroup(known, request, id);
        if (refusal is not null)
        {
            return refusal.ToHeartbeat();
        }

        var before = known as ConsumerGroup;
        ConsumerMember? existing = request.InstanceId is null ? before?.Member(id) : before?.Static(request.InstanceId);
        refusal = request.InstanceId is null
            ? CheckDynamic(request, id, existing)
            : CheckStatic(request, id, existing);
        if (refusal is not null)
        {
            return refusal.ToHeartbeat();
        }

        ConsumerGroup group = before ?? Begin(known, request.GroupId, now);
        existing ??= request.InstanceId is null ? group.Member(id) : group.Static(request.InstanceId);
        ConsumerMember member = existing is not null && existing.Id == id ? existing
            : existing is not null ? Replace(group, existing, id)
            : group.Member(id) ?? new ConsumerMember(id);
        group = Again(group);
        ConsumerMember described = member with
        {
            InstanceId = request.InstanceId ?? member.InstanceId,
            RackId = request.RackId ?? member.RackId,
            RebalanceTimeoutMs = request.RebalanceTimeoutMs != -1 ? request.RebalanceTimeoutMs : member.RebalanceTimeoutMs,
            ServerAssignor = request.ServerAssignor ?? member.ServerAssignor,
            TopicNames = request.SubscribedTopicNames is { } names ? ConsumerReplay.Sorted(names) : member.TopicNames,
            TopicRegex = request.SubscribedTopicRegex ?? member.TopicRegex,
            ClientId = client.Id,
            ClientHost = client.Host,
            Classic = null,
        };
        bool isNew = group.Member(id) is null;
        ConsumerMember reached = Progress(group, member, described, isNew, existing is not null && existing.Id != id, request.TopicPartitions, now);
        ExtendSession(request.GroupId, reached, now);

        var response = new ConsumerGroupHeartbeatResponse
        {
            MemberId = id,
            MemberEpoch = reached.Epoch,
            HeartbeatIntervalMs = HeartbeatIntervalMs(Again(group), membersOfNode),
            Assignment = null,
        };
        bool isFull = request.RebalanceTimeoutMs != -1 && (request.SubscribedTopicNames ?? (object?)request.SubscribedTopicRegex) is not null && request.TopicPartitions is not null;
        if (joins || isFull || !reached.Assigned.HasSamePartitions(member.Assigned))
        {
            response.Assignment = new ConsumerGroupHeartbeatResponse.AssignmentValue();
            foreach (Uuid topic in reached.Assigned.Topics)
            {
                response.Assignment.TopicPartitions.Add(new ConsumerGroupHeartbeatResponse.TopicPartitions { TopicId = topic, Partitions = [.. reached.Assigned.Of(topic)] });
            }
        }

        return response;
    }

    private ConsumerRefusal? CheckGroup(IGroup? known, ConsumerGroupHeartbeatRequest request, string id)
    {
        bool joins = request.MemberEpoch == 0;
        int most = Shard.View.Groups.ConsumerMembersMax;
        switch (known)
        {
            case null when !joins:
                return new ConsumerRefusal(ErrorCode.GroupIdNotFound, $"There is no group {request.GroupId}.");
            case ConsumerGroup group when group.Members.Count >= most && group.Member(id) is null:
                return new ConsumerRefusal(ErrorCode.GroupMaxSizeReached, $"The group has {group.Members.Count} members, and no more than {most} are allowed.");
            case null or ConsumerGroup:
                break;
            case ClassicGroup classic when joins && classic.IsEmpty:
                break;
            case ClassicGroup classic when joins:
                if (WhyNotUpgraded(classic) is { } why)
                {
                    return new ConsumerRefusal(ErrorCode.GroupIdNotFound, $"Group {request.GroupId} is a classic group: {why}.");
                }

                if (classic.Members.Count >= most)
                {
                    return new ConsumerRefusal(ErrorCode.GroupMaxSizeReached, $"The group has {classic.Members.Count} members, and no more than {most} are allowed.");
                }

                break;
            default:
                return new ConsumerRefusal(ErrorCode.GroupIdNotFound, $"Group {request.GroupId} is no consumer group.");
        }

        // An expression that others have was looked at when they came.
        return !string.IsNullOrEmpty(request.SubscribedTopicRegex)
            && (known as ConsumerGroup)?.RegexCounts.ContainsKey(request.SubscribedTopicRegex) != true
            && Compile(request.SubscribedTopicRegex, out string? problem) is null
                ? new ConsumerRefusal(ErrorCode.InvalidRegularExpression, $"`{request.SubscribedTopicRegex}` is no regular expression of RE2: {problem}.")
                : null;
    }

    private static ConsumerRefusal? CheckDynamic(ConsumerGroupHeartbeatRequest request, string id, ConsumerMember? member)
    {
        if (member is null)
        {
            return request.MemberEpoch == 0 ? null : new ConsumerRefusal(ErrorCode.UnknownMemberId, $"{id} is no member of group {request.GroupId}.");
        }

        return CheckEpoch(request, member);
    }

    private static ConsumerRefusal? CheckStatic(ConsumerGroupHeartbeatRequest request, string id, ConsumerMember? holder)
    {
        if (request.MemberEpoch == 0)
        {
            // While the other one is there, or may be back, its place is taken only when it left, or speaks the classic protocol.
            return holder is null or { Classic: not null } or { Epoch: ConsumerMember.LeaveForAWhileEpoch }
                ? null
                : new ConsumerRefusal(ErrorCode.UnreleasedInstanceId, $"{id} cannot join: member {holder.Id} has the instance id {request.InstanceId}.");
        }

        return CheckHolder(request.InstanceId!, id, holder) ?? CheckEpoch(request, holder!);
    }

    private static ConsumerRefusal? CheckHolder(string instance, string id, ConsumerMember? holder) =>
        holder is null ? new ConsumerRefusal(ErrorCode.UnknownMemberId, $"No member has the instance id {instance}.")
        : holder.Id != id ? new ConsumerRefusal(ErrorCode.FencedInstanceId, $"Member {holder.Id} has the instance id {instance} now, no longer {id}.")
        : null;

    private static ConsumerRefusal? CheckEpoch(ConsumerGroupHeartbeatRequest request, ConsumerMember member)
    {
        int epoch = request.MemberEpoch;
        string? why = epoch == 0 || epoch == member.Epoch ? null
            : epoch > member.Epoch ? "greater"
            : epoch == member.PreviousEpoch && OwnsOnly(member.Assigned, request.TopicPartitions) ? null
            : "smaller";
        if (why is null && member.State == MemberState.Unknown && request.TopicPartitions is not { Count: 0 })
        {
            return new ConsumerRefusal(ErrorCode.FencedMemberEpoch, "The member is in a state that this coordinator does not know; it has to give up all partitions and join again.");
        }

        return why is null
            ? null
            : new ConsumerRefusal(ErrorCode.FencedMemberEpoch, $"The member's epoch {epoch} is {why} than {member.Epoch}, which the coordinator knows; it has to give up all partitions and join again.");
    }

    /// <summary>The answer with the newer epoch may have been lost; then the member owns nothing that it should not.</summary>
    private static bool OwnsOnly(OwnedPartitions assigned, List<ConsumerGroupHeartbeatRequest.TopicPartitionsEntry>? owned)
    {
        if (owned is null)
        {
            return false;
        }

        foreach (ConsumerGroupHeartbeatRequest.TopicPartitionsEntry topic in owned)
        {
            foreach (int partition in topic.Partitions)
            {
                if (!assigned.Contains(topic.TopicId, partition))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>A group that does not exist yet in this form: nothing is written for it before its first member.</summary>
    private ConsumerGroup Begin(IGroup? known, string id, ShardTime now)
    {
        if (known is ClassicGroup { IsEmpty: false } classic)
        {
            return Upgrade(classic, now);
        }

        if (known is not null)
        {
            Shard.DeleteWithoutOffsets(id);
        }

        return new ConsumerGroup(id);
    }

    /// <summary>The static member comes under a new id: it takes over place and partitions of the old one.</summary>
    private ConsumerMember Replace(ConsumerGroup group, ConsumerMember old, string id)
    {
        ConsumerMember member = new(id)
        {
            InstanceId = old.InstanceId,
            RackId = old.RackId,
            ClientId = old.ClientId,
            ClientHost = old.ClientHost,
            TopicNames = old.TopicNames,
            TopicRegex = old.TopicRegex,
            RebalanceTimeoutMs = old.RebalanceTimeoutMs,
            ServerAssignor = old.ServerAssignor,
            Classic = old.Classic,
            State = old.State,
            Assigned = old.Assigned,
            Revoking = old.Revoking,
        };
        Assignment target = group.TargetOf(old.Id, null);
        WriteAll(ConsumerRecords.Removal(group.Id, old.Id));
        CancelAll(group.Id, old.Id);
        Shard.Write(ConsumerRecords.Member(group.Id, member));
        Shard.Write(ConsumerRecords.Target(group.Id, id, target));
        Shard.Write(ConsumerRecords.Current(group.Id, member));
        Shard.Emit(new Note($"group {group.Id}: {id} takes the place of {old.Id}, instance id {old.InstanceId}"));
        return member;
    }

    private TopicRegex? Compile(string text, out string? problem)
    {
        problem = null;
        if (_compiled.TryGetValue(text, out TopicRegex? regex))
        {
            return regex;
        }

        if (!TopicRegex.TryParse(text, out regex, out problem))
        {
            return null;
        }

        if (_compiledSize + regex.Size > CompiledSizeMax)
        {
            _compiled.Clear();
            _compiledSize = 0;
        }

        _compiledSize += regex.Size;
        _compiled.Add(text, regex);
        return regex;
    }
}
