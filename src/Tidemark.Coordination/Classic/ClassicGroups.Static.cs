using Tidemark.Primitives;

namespace Tidemark.Coordination.Classic;

/// <summary>Static members (KIP-345): a process that comes again under its instance's name takes the place that it had, without a rebalance where that can be.</summary>
public sealed partial class ClassicGroups
{
    private void ReplaceStatic(ClassicGroup group, ClassicMember before, JoinInput join, List<ClassicProtocol> protocols, ShardTime now)
    {
        string? leaderBefore = group.Leader;
        var member = new ClassicMember(join.NewMemberId, before.InstanceId, before.Client, protocols, join.Timeouts, before.Assignment);
        Fence(group, before);
        group.Replace(before, member);
        group.AwaitJoin(member, join.Ticket);
        _deadlines.Cancel(ClassicTimer.Session(group, before.Id));
        ExtendSession(group, member, now);
        Note(group, $"instance {before.InstanceId} is member {member.Id} now and was {before.Id}");
        switch (group.Phase)
        {
            case ClassicState.Stable when group.ChooseProtocol() == group.Protocol:
                WriteGroup(group, group.Members.ToDictionary(m => m.Id, m => m.Assignment, StringComparer.Ordinal));
                Shard.Emit(new AwaitWritten(new StaticMemberWritten(group, before, member, leaderBefore, join)));
                break;
            case ClassicState.Stable:
                RebalanceOrComplete(group, $"with the static member {member.Id} another protocol is chosen; {ReasonOf(join.Request.Reason)}", now);
                break;
            case ClassicState.CompletingRebalance:
                // The leader may be assigning to the old id.
                PrepareRebalance(group, $"the static member {member.Id} took over from {before.Id}; {ReasonOf(join.Request.Reason)}", now);
                break;
            default:
                MaybeCompleteJoin(group, now);
                break;
        }
    }

    private void OnStaticMemberWritten(StaticMemberWritten written, ErrorCode error, ShardTime now)
    {
        (ClassicGroup group, ClassicMember before, ClassicMember member, string? leaderBefore, JoinInput join) = written;
        if (group.FindMember(member.Id) != member)
        {
            return;
        }

        if (error != ErrorCode.None)
        {
            Note(group, $"member {member.Id} could not be written ({error}), instance {before.InstanceId} is {before.Id} again");
            ErrorCode told = AppendErrors.ForClients(error);
            AnswerJoin(group, member, ClassicAnswers.RefuseJoin("", told));
            AnswerSync(member, ClassicAnswers.RefuseSync(told));
            group.Replace(member, before);
            _deadlines.Cancel(ClassicTimer.Session(group, member.Id));
            ExtendSession(group, before, now);
        }
        else if (join.KnowsSkippedAssignment)
        {
            bool leads = group.Leader == member.Id;
            AnswerJoin(group, member, ClassicAnswers.Joined(group, member, withMembers: leads, skipAssignment: leads));
        }
        else
        {
            // An old client that is told it leads would assign anew, which nobody asked for: it hears of the id that led before.
            Protocol.Messages.JoinGroupResponse response = ClassicAnswers.Joined(group, member, withMembers: false);
            response.Leader = leaderBefore ?? "";
            AnswerJoin(group, member, response);
        }
    }

    /// <summary>Who is replaced while it waits hears that somebody else is the instance now.</summary>
    private void Fence(ClassicGroup group, ClassicMember member)
    {
        AnswerJoin(group, member, ClassicAnswers.RefuseJoin(member.Id, ErrorCode.FencedInstanceId));
        AnswerSync(member, ClassicAnswers.RefuseSync(ErrorCode.FencedInstanceId));
    }
}
