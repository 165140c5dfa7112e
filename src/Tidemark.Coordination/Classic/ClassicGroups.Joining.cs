using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>Joining: who is let in, who has to come again with the id given out, and whose coming makes a rebalance.</summary>
public sealed partial class ClassicGroups
{
    /// <summary>How long a member that has not been through a rebalance yet may wait in one, in milliseconds: it may be gone, and nobody would notice.</summary>
    private const int NewMemberTimeoutMs = 5 * 60 * 1000;

    public void Join(JoinInput join, ShardTime now)
    {
        JoinGroupRequest request = join.Request;
        GroupSettings settings = Shard.View.Groups;
        if (request.GroupId.Length == 0)
        {
            Refuse(join, ErrorCode.InvalidGroupId);
            return;
        }

        if (request.SessionTimeoutMs < settings.SessionTimeoutMinMs || request.SessionTimeoutMs > settings.SessionTimeoutMaxMs)
        {
            Refuse(join, ErrorCode.InvalidSessionTimeout);
            return;
        }

        IGroup? other = Shard.Find(request.GroupId);
        if (other is not null and not ClassicGroup)
        {
            if (!other.IsEmpty)
            {
                if (!Shard.AnyTakes(p => p.TryJoin(join, now)))
                {
                    Shard.RespondAtOnce(join.Ticket, ClassicAnswers.RefuseJoin("", ErrorCode.InconsistentGroupProtocol));
                }

                return;
            }

            if (request.MemberId.Length == 0)
            {
                Shard.DeleteWithoutOffsets(request.GroupId);
            }
        }

        JoinClassic(join, now);
    }

    private void JoinClassic(JoinInput join, ShardTime now)
    {
        JoinGroupRequest request = join.Request;
        ClassicGroup? group = _groups.Find(request.GroupId);
        if (group is null)
        {
            if (request.MemberId.Length > 0)
            {
                Refuse(join, ErrorCode.UnknownMemberId);
                return;
            }

            group = new ClassicGroup(this, request.GroupId, now.UnixMs);
            _groups.Set(group.Id, group);
            WriteGroup(group, _noAssignment);
        }

        // Also a group that somebody else's input began, by offsets for it or as one of another kind, is gone when that cannot be written.
        if (_groups.IsPending(group.Id))
        {
            Shard.Emit(new AwaitWritten(new GroupCreated(group)));
        }

        List<ClassicProtocol> protocols = Offered(request);
        if (!HasRoom(group, request.MemberId))
        {
            Drop(group, request.MemberId, ErrorCode.GroupMaxSizeReached);
            Shard.RespondAtOnce(join.Ticket, ClassicAnswers.RefuseJoin("", ErrorCode.GroupMaxSizeReached));
            MaybeCompleteJoin(group, now);
        }
        else if (!group.Supports(request.ProtocolType, protocols))
        {
            Shard.Respond(join.Ticket, ClassicAnswers.Refuse(request, ErrorCode.InconsistentGroupProtocol));
        }
        else if (request.MemberId.Length == 0)
        {
            JoinAsNew(group, join, protocols, now);
        }
        else
        {
            JoinAgain(group, join, protocols, now);
        }
    }

    private void JoinAsNew(ClassicGroup group, JoinInput join, List<ClassicProtocol> protocols, ShardTime now)
    {
        if (join.Request.GroupInstanceId is { } instance)
        {
            if (group.FindStatic(instance) is { } before)
            {
                ReplaceStatic(group, before, join, protocols, now);
                return;
            }
        }
        else if (join.NeedsKnownMemberId)
        {
            group.PendingJoin.Add(join.NewMemberId);
            _deadlines.Set(ClassicTimer.Session(group, join.NewMemberId), After(now, join.Request.SessionTimeoutMs));
            Shard.Respond(join.Ticket, ClassicAnswers.RefuseJoin(join.NewMemberId, ErrorCode.MemberIdRequired));
            return;
        }

        AddAndRebalance(group, join.NewMemberId, join, protocols, now);
    }

    private void JoinAgain(ClassicGroup group, JoinInput join, List<ClassicProtocol> protocols, ShardTime now)
    {
        JoinGroupRequest request = join.Request;
        if (group.PendingJoin.Contains(request.MemberId))
        {
            // An id is given out to dynamic members only.
            if (request.GroupInstanceId is null)
            {
                AddAndRebalance(group, request.MemberId, join, protocols, now);
            }
            else
            {
                Refuse(join, ErrorCode.UnknownMemberId);
            }

            return;
        }

        ErrorCode error = group.CheckMember(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None || group.FindMember(request.MemberId) is not { } member || group.IsEmpty)
        {
            Refuse(join, error == ErrorCode.None ? ErrorCode.UnknownMemberId : error);
            return;
        }

        bool leads = group.Leader == member.Id;
        bool changed = !member.Offers(protocols);
        switch (group.Phase)
        {
            case ClassicState.PreparingRebalance:
                UpdateAndRebalance(group, member, join, protocols, $"member {member.Id} joins again", now);
                break;
            case ClassicState.Stable when leads:
                // What the leader sees of the world outside may have changed: topics and their partitions.
                UpdateAndRebalance(group, member, join, protocols, $"its leader {member.Id} joins again", now);
                break;
            case var _ when changed:
                UpdateAndRebalance(group, member, join, protocols, $"member {member.Id} changed what it offers", now);
                break;
            default:
                // Its answer was lost, or it starts over: the generation is still the one it needs.
                Shard.RespondAtOnce(join.Ticket, ClassicAnswers.Joined(group, member, withMembers: leads));
                break;
        }
    }

    private void AddAndRebalance(ClassicGroup group, string id, JoinInput join, List<ClassicProtocol> protocols, ShardTime now)
    {
        var member = new ClassicMember(id, join.Request.GroupInstanceId, join.Client, protocols, join.Timeouts) { IsNew = true };
        group.SomebodyCame |= group.IsFirstRebalance;
        group.Add(member, join.Request.ProtocolType);
        group.AwaitJoin(member, join.Ticket);
        _deadlines.Set(ClassicTimer.Session(group, id), After(now, NewMemberTimeoutMs));
        RebalanceOrComplete(group, $"member {id} joins; {ReasonOf(join.Request.Reason)}", now);
    }

    private void UpdateAndRebalance(ClassicGroup group, ClassicMember member, JoinInput join, List<ClassicProtocol> protocols, string reason, ShardTime now)
    {
        // A client asks twice when it gave up the first time.
        AnswerJoin(group, member, ClassicAnswers.RefuseJoin(member.Id, ErrorCode.RebalanceInProgress));
        group.Update(member, protocols, join.Timeouts);
        group.AwaitJoin(member, join.Ticket);
        RebalanceOrComplete(group, $"{reason}; {ReasonOf(join.Request.Reason)}", now);
    }

    private bool HasRoom(ClassicGroup group, string member)
    {
        int most = Shard.View.Groups.MembersMax;
        return group.Phase switch
        {
            ClassicState.Empty => true,

            // Those who wait count, not the members: after the limit was lowered the last to come again are left out.
            ClassicState.PreparingRebalance => group.FindMember(member)?.JoinTicket is not null || group.AwaitingJoin < most,
            _ => group.FindMember(member) is not null || group.Members.Count < most,
        };
    }

    private static List<ClassicProtocol> Offered(JoinGroupRequest request)
    {
        var offered = new List<ClassicProtocol>(request.Protocols.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (JoinGroupRequest.JoinGroupRequestProtocol protocol in request.Protocols)
        {
            if (names.Add(protocol.Name))
            {
                offered.Add(new(protocol.Name, protocol.Metadata.ToArray()));
            }
        }

        return offered;
    }

    /// <summary>What the client says about why it comes or goes (KIP-800).</summary>
    private static string ReasonOf(string? reason) => string.IsNullOrEmpty(reason) ? "it gives no reason" : $"its reason: {(reason.Length > 255 ? reason[..255] : reason)}";

    private void Refuse(JoinInput join, ErrorCode error) => Shard.RespondAtOnce(join.Ticket, ClassicAnswers.Refuse(join.Request, error));

    private void AnswerJoin(ClassicGroup group, ClassicMember member, JoinGroupResponse response)
    {
        if (group.TakeJoin(member) is { } ticket)
        {
            Shard.RespondAtOnce(ticket, response);
        }
    }
}
