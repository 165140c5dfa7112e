using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>Syncing: members ask for their assignment, the leader brings it, and it is handed out when it is written.</summary>
public sealed partial class ClassicGroups
{
    public void Sync(long ticket, SyncGroupRequest request, ShardTime now)
    {
        if (Shard.Find(request.GroupId) is { IsEmpty: false } other and not ClassicGroup)
        {
            if (!Shard.AnyTakes(p => p.TrySync(ticket, request, now)))
            {
                Shard.RespondAtOnce(ticket, ClassicAnswers.RefuseSync(ErrorCode.UnknownMemberId));
            }

            return;
        }

        ErrorCode error = CheckSync(request, out ClassicGroup? group, out ClassicMember? member);
        if (error != ErrorCode.None || group is null || member is null)
        {
            Shard.RespondAtOnce(ticket, ClassicAnswers.RefuseSync(error));
            return;
        }

        group.PendingSync.Remove(member.Id);
        if (group.PendingSync.Count == 0)
        {
            _deadlines.Cancel(ClassicTimer.Sync(group));
        }

        if (group.Phase == ClassicState.Stable)
        {
            Shard.RespondAtOnce(ticket, ClassicAnswers.Synced(group, member));
            return;
        }

        // A client asks twice when it gave up the first time.
        AnswerSync(member, ClassicAnswers.RefuseSync(ErrorCode.RebalanceInProgress));
        member.SyncTicket = ticket;
        if (group.Leader == member.Id)
        {
            TakeAssignment(group, request);
        }
    }

    private ErrorCode CheckSync(SyncGroupRequest request, out ClassicGroup? group, out ClassicMember? member)
    {
        member = null;
        group = _groups.Find(request.GroupId);
        if (group is null || group.IsEmpty)
        {
            return ErrorCode.UnknownMemberId;
        }

        ErrorCode error = group.CheckMember(request.MemberId, request.GroupInstanceId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        member = group.FindMember(request.MemberId);
        if (request.GenerationId != group.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        bool otherType = request.ProtocolType is not null && group.ProtocolType is not null && request.ProtocolType != group.ProtocolType;
        bool otherName = request.ProtocolName is not null && group.Protocol is not null && request.ProtocolName != group.Protocol;
        return otherType || otherName ? ErrorCode.InconsistentGroupProtocol
            : group.Phase == ClassicState.PreparingRebalance ? ErrorCode.RebalanceInProgress
            : ErrorCode.None;
    }

    private void TakeAssignment(ClassicGroup group, SyncGroupRequest request)
    {
        var assignment = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (SyncGroupRequest.SyncGroupRequestAssignment given in request.Assignments)
        {
            assignment[given.MemberId] = given.Assignment.ToArray();
        }

        int without = group.Members.Count(m => !assignment.ContainsKey(m.Id));
        if (without > 0)
        {
            Note(group, $"the leader {group.Leader} assigned nothing to {without} of {group.Members.Count} members");
        }

        WriteGroup(group, assignment);
        Shard.Emit(new AwaitWritten(new AssignmentWritten(group, group.Generation, request.MemberId, assignment)));
    }

    private void OnAssignmentWritten(AssignmentWritten written, ErrorCode error, ShardTime now)
    {
        ClassicGroup group = written.Group;
        if (group.Phase != ClassicState.CompletingRebalance || group.Generation != written.Generation || _groups.Find(group.Id) != group)
        {
            // Somebody came or went meanwhile, and all were called in again.
            return;
        }

        if (error != ErrorCode.None)
        {
            ErrorCode told = AppendErrors.ForClients(error);
            foreach (ClassicMember member in group.Members)
            {
                member.Assignment = default;
                if (AnswerSync(member, ClassicAnswers.RefuseSync(told)))
                {
                    ExtendSession(group, member, now);
                }
            }

            RebalanceOrComplete(group, $"the assignment of {written.Leader} could not be written ({error})", now);
            return;
        }

        group.MoveTo(ClassicState.Stable, now.UnixMs);
        foreach (ClassicMember member in group.Members)
        {
            member.Assignment = written.Assignment.GetValueOrDefault(member.Id);

            // A session that ended during the wait was let pass, and would not be looked at again.
            if (AnswerSync(member, ClassicAnswers.Synced(group, member)))
            {
                ExtendSession(group, member, now);
            }
        }
    }

    /// <summary>Members that never asked for their assignment are taken out.</summary>
    private void ExpireSync(ClassicGroup group, ShardTime now)
    {
        if (group.Phase is not (ClassicState.CompletingRebalance or ClassicState.Stable) || group.PendingSync.Count == 0)
        {
            return;
        }

        string[] late = [.. group.PendingSync];
        foreach (string member in late)
        {
            Drop(group, member, ErrorCode.UnknownMemberId);
        }

        PrepareRebalance(group, $"members did not ask for their assignment within {group.RebalanceTimeoutMs} ms and are taken out: {string.Join(", ", late)}", now);
    }

    private bool AnswerSync(ClassicMember member, SyncGroupResponse response)
    {
        if (member.SyncTicket is not { } ticket)
        {
            return false;
        }

        member.SyncTicket = null;
        Shard.RespondAtOnce(ticket, response);
        return true;
    }
}
