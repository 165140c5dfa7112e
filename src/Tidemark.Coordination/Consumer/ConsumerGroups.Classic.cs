using Tidemark.Coordination.Classic;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// Members that still speak the classic protocol in a consumer group, while its members are being exchanged one by one (KIP-848). Joining stands for a heartbeat that says what is
/// owned, syncing fetches what the member has, and a heartbeat sends it to join again when there is something new. No such member leads.
/// </summary>
public sealed partial class ConsumerGroups
{
    private const string ProtocolType = "consumer";

    public override bool TryJoin(JoinInput input, ShardTime now)
    {
        if (_groups.Find(input.Request.GroupId) is not { IsEmpty: false } group)
        {
            return false;
        }

        (JoinGroupResponse response, bool atOnce) = Join(group, input, now);
        if (atOnce)
        {
            Shard.RespondAtOnce(input.Ticket, response);
        }
        else
        {
            Shard.Respond(input.Ticket, response);
        }

        return true;
    }

    public override bool TrySync(long ticket, SyncGroupRequest request, ShardTime now)
    {
        if (_groups.Find(request.GroupId) is not { IsEmpty: false } group)
        {
            return false;
        }

        Shard.Respond(ticket, Sync(group, request, now));
        return true;
    }

    public override bool TryHeartbeat(long ticket, HeartbeatRequest request, ShardTime now)
    {
        if (_groups.Find(request.GroupId) is not { } group)
        {
            return false;
        }

        Shard.Respond(ticket, new HeartbeatResponse { ErrorCode = ClassicBeat(group, request, now) });
        return true;
    }

    public override bool TryLeave(long ticket, LeaveGroupRequest request, ShardTime now)
    {
        if (_groups.Find(request.GroupId) is not { } group)
        {
            return false;
        }

        var response = new LeaveGroupResponse();
        var leaving = new List<ConsumerMember>();
        foreach (LeaveGroupRequest.MemberIdentity identity in request.Members)
        {
            ErrorCode error;
            ConsumerMember? member;
            if (identity.GroupInstanceId is null)
            {
                member = group.Member(identity.MemberId);
                error = member is null ? ErrorCode.UnknownMemberId : ErrorCode.None;
            }
            else
            {
                // A tool names a static member by its instance alone.
                member = group.Static(identity.GroupInstanceId);
                error = member is null ? ErrorCode.UnknownMemberId
                    : identity.MemberId.Length > 0 && identity.MemberId != member.Id ? ErrorCode.FencedInstanceId
                    : ErrorCode.None;
            }

            if (error == ErrorCode.None && !leaving.Contains(member!))
            {
                leaving.Add(member!);
            }

            response.Members.Add(new LeaveGroupResponse.MemberResponse
            {
                MemberId = identity.MemberId,
                GroupInstanceId = identity.GroupInstanceId,
                ErrorCode = error,
            });
        }

        Fence(group, leaving, leaving.Count == 1 ? $"member {leaving[0].Id} left" : $"{leaving.Count} members left", now);
        Shard.Respond(ticket, response);
        return true;
    }

    private (JoinGroupResponse Response, bool AtOnce) Join(ConsumerGroup group, JoinInput input, ShardTime now)
    {
        JoinGroupRequest request = input.Request;
        string? instance = request.GroupInstanceId;
        bool hasNoId = request.MemberId.Length == 0;
        string id = hasNoId ? input.NewMemberId : request.MemberId;
        ConsumerMember? holder = group.Static(instance);
        bool isKnown = holder is not null || group.Member(id) is not null;
        if (!isKnown && group.Members.Count >= Shard.View.Groups.ConsumerMembersMax)
        {
            return (ClassicAnswers.RefuseJoin("", ErrorCode.GroupMaxSizeReached), true);
        }

        bool isSupported = Supports(group, request, id);
        if (isSupported && hasNoId && instance is null && input.NeedsKnownMemberId)
        {
            return (ClassicAnswers.RefuseJoin(id, ErrorCode.MemberIdRequired), true);
        }

        if (!isSupported || EmbeddedProtocol.ReadSubscription(request.Protocols[0].Metadata) is not { } subscription)
        {
            return (ClassicAnswers.RefuseJoin("", ErrorCode.InconsistentGroupProtocol), true);
        }

        if (instance is not null && !hasNoId && CheckHolder(instance, id, holder) is { } refusal)
        {
            return (ClassicAnswers.RefuseJoin("", refusal.Error), false);
        }

        bool isReplaced = holder is not null && holder.Id != id;
        bool downgrades = holder is { Classic: null } && CanDowngradeBy(group, holder);
        ConsumerMember member = isReplaced ? Replace(group, holder!, id) : group.Member(id) ?? new ConsumerMember(id);
        group = Again(group);
        bool isNew = group.Member(id) is null;
        ConsumerMember described = member with
        {
            InstanceId = instance ?? member.InstanceId,
            RackId = subscription.Subscription.RackId ?? member.RackId,
            RebalanceTimeoutMs = input.Timeouts.RebalanceMs,
            TopicNames = ConsumerReplay.Sorted(subscription.Subscription.Topics),
            TopicRegex = "",
            ClientId = input.Client.Id,
            ClientHost = input.Client.Host,
            Classic = new ClassicProtocols(input.Timeouts.SessionMs, [.. request.Protocols.Select(p => (p.Name, (ReadOnlyMemory<byte>)p.Metadata.ToArray()))]),
        };

        bool rebalances = downgrades && (!described.HasSameSubscription(member) || member.TopicRegex.Length > 0);
        ConsumerMember reached;
        if (rebalances)
        {
            // All are called in at once. In another epoch the others would be told that theirs is over, and lose what they have instead of giving it up.
            Shard.Write(ConsumerRecords.Member(group.Id, described));
            reached = described with { Epoch = group.Epoch };
        }
        else
        {
            reached = Progress(group, member, described, isNew, isReplaced, Owned(subscription.Subscription), now);
        }

        Cancel(group.Id, id, TimerKind.Join);
        if (downgrades)
        {
            Downgrade(Again(group), [], reached, rebalances ? $"member {id} joined with another subscription" : null, now);
        }
        else
        {
            ExtendSession(group.Id, reached, now);
            Set(group.Id, id, TimerKind.Sync, reached.RebalanceTimeoutMs, now);
        }

        return (new JoinGroupResponse
        {
            MemberId = id,
            GenerationId = reached.Epoch,
            ProtocolType = ProtocolType,
            ProtocolName = request.Protocols[0].Name,
            Leader = "",
        }, false);
    }

    /// <summary>Whether the member offers a protocol that all members of the classic protocol offer.</summary>
    private static bool Supports(ConsumerGroup group, JoinGroupRequest request, string id)
    {
        if (request.ProtocolType != ProtocolType)
        {
            return false;
        }

        ConsumerMember[] others = [.. group.Members.Values.Where(m => m.Classic is not null && m.Id != id)];
        return request.Protocols.Any(p => others.All(o => o.Classic!.Protocols.Any(q => q.Name == p.Name)));
    }

    private SyncGroupResponse Sync(ConsumerGroup group, SyncGroupRequest request, ShardTime now)
    {
        ErrorCode error = CheckClassic(group, request.MemberId, request.GroupInstanceId, request.GenerationId, out ConsumerMember? member);
        if (error != ErrorCode.None || member?.Classic is not { } classic)
        {
            return ClassicAnswers.RefuseSync(error);
        }

        if ((request.ProtocolType is not null && request.ProtocolType != ProtocolType) || (request.ProtocolName is not null && request.ProtocolName != classic.Protocols[0].Name))
        {
            return ClassicAnswers.RefuseSync(ErrorCode.InconsistentGroupProtocol);
        }

        // Who still has to give partitions up has joined already for this epoch, and is told to come again when it did.
        if (group.AssignmentEpoch > member.Epoch && member.State != MemberState.UnrevokedPartitions)
        {
            AwaitJoin(group, member, now);
            return ClassicAnswers.RefuseSync(ErrorCode.RebalanceInProgress);
        }

        Cancel(group.Id, member.Id, TimerKind.Sync);
        ExtendSession(group.Id, member, now);
        return new SyncGroupResponse
        {
            ProtocolType = request.ProtocolType,
            ProtocolName = request.ProtocolName,
            Assignment = ClassicAssignment(classic, member.Assigned.All.Select(p => (p.Topic, p.Partition))),
        };
    }

    private ErrorCode ClassicBeat(ConsumerGroup group, HeartbeatRequest request, ShardTime now)
    {
        ErrorCode error = CheckClassic(group, request.MemberId, request.GroupInstanceId, request.GenerationId, out ConsumerMember? member);
        if (error != ErrorCode.None || member is null)
        {
            return error;
        }

        ExtendSession(group.Id, member, now);

        // Who joins before the group may be assigned anew gets what it has, and would do nothing but join again and again until then.
        bool comesAgain = member.Epoch < (MayAssign(group, now) ? group.Epoch : group.AssignmentEpoch)
            || member.State == MemberState.UnrevokedPartitions
            || (member.State == MemberState.UnreleasedPartitions && !WaitsForOthers(group, member));
        if (comesAgain)
        {
            AwaitJoin(group, member, now);
        }

        return comesAgain ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private static ErrorCode CheckClassic(ConsumerGroup group, string id, string? instance, int generation, out ConsumerMember? member)
    {
        member = instance is null ? group.Member(id) : group.Static(instance);
        return member is null ? ErrorCode.UnknownMemberId
            : member.Id != id ? ErrorCode.FencedInstanceId
            : member.Classic is null ? ErrorCode.UnknownMemberId
            : member.Epoch != generation ? ErrorCode.IllegalGeneration
            : ErrorCode.None;
    }

    private static bool WaitsForOthers(ConsumerGroup group, ConsumerMember member)
    {
        Assignment target = group.TargetOf(member.Id, member.InstanceId);
        foreach (Uuid topic in target.Topics)
        {
            foreach (int partition in target.Of(topic))
            {
                if (!member.Assigned.Contains(topic, partition) && group.IsOwned(topic, partition))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void AwaitJoin(ConsumerGroup group, ConsumerMember member, ShardTime now)
    {
        if (!_deadlines.Contains(new ConsumerTimer(group.Id, member.Id, TimerKind.Join)))
        {
            Set(group.Id, member.Id, TimerKind.Join, member.RebalanceTimeoutMs, now);
        }
    }

    /// <summary>What the member owns, by topic ids; topics that are gone are owned by nobody.</summary>
    private List<ConsumerGroupHeartbeatRequest.TopicPartitionsEntry> Owned(ConsumerProtocolSubscription subscription)
    {
        var owned = new List<ConsumerGroupHeartbeatRequest.TopicPartitionsEntry>();
        foreach (ConsumerProtocolSubscription.TopicPartition topic in subscription.OwnedPartitions)
        {
            if (Shard.View.Topics.Find(topic.Topic) is { } known)
            {
                owned.Add(new ConsumerGroupHeartbeatRequest.TopicPartitionsEntry { TopicId = known.Id, Partitions = topic.Partitions });
            }
        }

        return owned;
    }

    /// <summary>An assignment as the member reads it: by names, in the version of its subscription.</summary>
    private ReadOnlyMemory<byte> ClassicAssignment(ClassicProtocols classic, IEnumerable<(Uuid Topic, int Partition)> partitions)
    {
        var assignment = new ConsumerProtocolAssignment { UserData = null };
        foreach (IGrouping<Uuid, (Uuid Topic, int Partition)> topic in partitions.GroupBy(p => p.Topic))
        {
            if (Shard.View.Topics.Find(topic.Key) is { } known)
            {
                assignment.AssignedPartitions.Add(new ConsumerProtocolAssignment.TopicPartition { Topic = known.Name, Partitions = [.. topic.Select(p => p.Partition)] });
            }
        }

        short version = classic.Protocols.Count > 0 && EmbeddedProtocol.ReadSubscription(classic.Protocols[0].Metadata) is { } subscription ? subscription.Version : (short)0;
        return EmbeddedProtocol.Write(assignment, version);
    }
}
