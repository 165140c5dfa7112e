using Tidemark.Primitives;

namespace Tidemark.Coordination.Classic;

/// <summary>A rebalance: all members are called in, and when they are there, or the time is over, the next generation begins.</summary>
public sealed partial class ClassicGroups
{
    private void RebalanceOrComplete(ClassicGroup group, string reason, ShardTime now)
    {
        if (group.Phase == ClassicState.PreparingRebalance)
        {
            MaybeCompleteJoin(group, now);
        }
        else
        {
            PrepareRebalance(group, reason, now);
        }
    }

    private void PrepareRebalance(ClassicGroup group, string reason, ShardTime now)
    {
        if (group.Phase == ClassicState.CompletingRebalance)
        {
            foreach (ClassicMember member in group.Members)
            {
                member.Assignment = default;
                if (AnswerSync(member, ClassicAnswers.RefuseSync(ErrorCode.RebalanceInProgress)))
                {
                    ExtendSession(group, member, now);
                }
            }
        }

        group.PendingSync.Clear();
        _deadlines.Cancel(ClassicTimer.Sync(group));
        reason = Told.Short(reason);
        Note(group, $"a rebalance begins: {reason}");
        group.LastRebalance = (reason, now.UnixMs);
        bool isFirst = group.IsEmpty;
        group.MoveTo(ClassicState.PreparingRebalance, now.UnixMs);
        if (isFirst)
        {
            int delay = Shard.View.Groups.InitialRebalanceDelayMs;
            group.SomebodyCame = false;
            WaitForFirst(group, delay, Math.Max(group.RebalanceTimeoutMs - delay, 0), now);
        }
        else if (group.AllJoined)
        {
            CompleteJoin(group, now);
        }
        else
        {
            _deadlines.Set(ClassicTimer.Join(group), After(now, group.RebalanceTimeoutMs));
        }
    }

    private void WaitForFirst(ClassicGroup group, int delayMs, int leftMs, ShardTime now)
    {
        group.FirstWait = (delayMs, leftMs);
        _deadlines.Set(ClassicTimer.Join(group), After(now, delayMs));
    }

    /// <summary>The time to wait for members is over; in a first rebalance it is extended while members keep coming.</summary>
    private void EndJoinWait(ClassicGroup group, ShardTime now)
    {
        if (group.Phase != ClassicState.PreparingRebalance)
        {
            return;
        }

        if (group.FirstWait is (int delay, int left and > 0) && group.SomebodyCame)
        {
            group.SomebodyCame = false;
            WaitForFirst(group, Math.Min(Shard.View.Groups.InitialRebalanceDelayMs, left), Math.Max(left - delay, 0), now);
        }
        else
        {
            CompleteJoin(group, now);
        }
    }

    /// <summary>Ends the wait when all are there, unless it is a first one, which gives others time to come.</summary>
    private void MaybeCompleteJoin(ClassicGroup group, ShardTime now)
    {
        if (group.Phase == ClassicState.PreparingRebalance && !group.IsFirstRebalance && group.AllJoined)
        {
            CompleteJoin(group, now);
        }
    }

    private void CompleteJoin(ClassicGroup group, ShardTime now)
    {
        _deadlines.Cancel(ClassicTimer.Join(group));
        group.FirstWait = null;
        ClassicMember[] missing = [.. group.Members.Where(m => m.JoinTicket is null && m.InstanceId is null)];
        foreach (ClassicMember member in missing)
        {
            Drop(group, member.Id, ErrorCode.UnknownMemberId);
        }

        if (missing.Length > 0)
        {
            Note(group, $"without those who did not join in time: {string.Join(", ", missing.Select(m => m.Id))}");
        }

        string? leader = group.Leader;
        if (!group.ElectJoinedLeader() && group.Members.Count > 0)
        {
            Note(group, "nobody joined; the static members are waited for until their sessions end");
            _deadlines.Set(ClassicTimer.Join(group), After(now, group.RebalanceTimeoutMs));
            return;
        }

        if (leader != group.Leader && leader is not null)
        {
            Note(group, $"{group.Leader} leads, since {leader} did not join");
        }

        group.BeginGeneration(now.UnixMs);
        if (group.IsEmpty)
        {
            Note(group, "nobody is left");
            WriteGroup(group, _noAssignment);
            return;
        }

        Note(group, $"{group.Members.Count} members, led by {group.Leader}, with protocol {group.Protocol}");
        foreach (ClassicMember member in group.Members)
        {
            AnswerJoin(group, member, ClassicAnswers.Joined(group, member, withMembers: group.Leader == member.Id));
            member.IsNew = false;
            ExtendSession(group, member, now);
            group.PendingSync.Add(member.Id);
        }

        _deadlines.Set(ClassicTimer.Sync(group), After(now, group.RebalanceTimeoutMs));
    }
}
