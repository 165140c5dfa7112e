using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>Sessions: who does not heartbeat in time is taken out. A broken connection alone means nothing.</summary>
public sealed partial class ClassicGroups
{
    public void Heartbeat(long ticket, HeartbeatRequest request, ShardTime now)
    {
        if (Shard.Find(request.GroupId) is { } other and not ClassicGroup && Shard.AnyTakes(p => p.TryHeartbeat(ticket, request, now)))
        {
            return;
        }

        Shard.RespondAtOnce(ticket, new HeartbeatResponse { ErrorCode = Beat(request, now) });
    }

    private ErrorCode Beat(HeartbeatRequest request, ShardTime now)
    {
        if (_groups.Find(request.GroupId) is not { } group)
        {
            return ErrorCode.UnknownMemberId;
        }

        ErrorCode error = group.CheckMember(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != group.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        ExtendSession(group, group.FindMember(request.MemberId)!, now);
        return group.Phase == ClassicState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>A member that shows up in another way, by committing offsets, is alive too.</summary>
    internal void ExtendSession(ClassicGroup group, string member, ShardTime now)
    {
        if (group.Phase is ClassicState.Stable or ClassicState.PreparingRebalance && group.FindMember(member) is { } known)
        {
            ExtendSession(group, known, now);
        }
    }

    private void ExtendSession(ClassicGroup group, ClassicMember member, ShardTime now) =>
        _deadlines.Set(ClassicTimer.Session(group, member.Id), After(now, member.Timeouts.SessionMs));

    private void ExpireSession(ClassicGroup group, string id, ShardTime now)
    {
        if (group.PendingJoin.Contains(id))
        {
            Note(group, $"{id} was given out as a member's id and nobody joined with it in time");
            group.Remove(id);
            CompleteIfAllJoined(group, now);
            return;
        }

        if (group.FindMember(id) is not { IsHeldByUs: false } member)
        {
            return;
        }

        Drop(group, id, ErrorCode.UnknownMemberId);
        string reason = member.IsNew
            ? $"member {id} waited in vain for its first rebalance"
            : $"member {id} did not heartbeat for {member.Timeouts.SessionMs} ms (session timeout)";
        if (group.Phase is ClassicState.Stable or ClassicState.CompletingRebalance)
        {
            PrepareRebalance(group, reason, now);
        }
        else
        {
            Note(group, reason);
            CompleteIfAllJoined(group, now);
        }
    }

    private void CompleteIfAllJoined(ClassicGroup group, ShardTime now)
    {
        if (group.Phase == ClassicState.PreparingRebalance && group.AllJoined)
        {
            CompleteJoin(group, now);
        }
    }

    /// <summary>Takes a member out, or an id that was given out. What it waits for is answered with the error.</summary>
    private void Drop(ClassicGroup group, string id, ErrorCode error)
    {
        if (group.FindMember(id) is { } member)
        {
            AnswerJoin(group, member, ClassicAnswers.RefuseJoin("", error));
            AnswerSync(member, ClassicAnswers.RefuseSync(error));
        }

        group.Remove(id);
        _deadlines.Cancel(ClassicTimer.Session(group, id));
    }
}
