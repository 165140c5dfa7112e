using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

public sealed partial class QuorumMember
{
    /// <summary>
    /// Somebody answered a fetch. Records that came with it count only when <see cref="AppendFetched"/> asks for them: an answer that is late, or from
    /// whoever does not lead, changes nothing.
    /// </summary>
    public void OnFetchAnswered(RequestId request, FetchAnswer answer, TimeSpan now)
    {
        Advance(now);
        if (Role.SlotOf(request) is { } slot)
        {
            QuorumRole asked = Role;
            slot.Answered(_now);
            bool concerns = Concerns(answer);
            if (Role == asked)
            {
                if (concerns && answer.Error == ErrorCode.None && asked is Follower follower)
                {
                    TakeFetched(follower, request, answer);
                }
                else
                {
                    slot.Failed(_now, Timeouts.RetryBackoff);
                    if (asked is Follower && !MayStand)
                    {
                        LookForLeader();
                    }
                }
            }
        }

        Drive();
    }

    /// <summary>The leader answered with a piece of a snapshot, which the driver has written to its place.</summary>
    public void OnFetchSnapshotAnswered(RequestId request, FetchSnapshotAnswer answer, TimeSpan now)
    {
        Advance(now);
        if (Role is Follower follower && follower.SlotOf(request) is { } slot)
        {
            slot.Answered(_now);
            if (Concerns(answer) && Role == follower && follower.Snapshot is { } copy)
            {
                TakePiece(follower, copy, answer);
            }
            else if (Role == follower && answer.Error == ErrorCode.UnknownServerError && follower.Snapshot is { } refused)
            {
                GiveUpSnapshot(follower, refused.Id);
            }
            else if (Role == follower)
            {
                slot.Failed(_now, Timeouts.RetryBackoff);
            }
        }

        Drive();
    }

    /// <summary>The snapshot stands in its place, durably, and the log is empty and begins at its end.</summary>
    /// <param name="snapshot">Its id.</param>
    /// <param name="voters">The voters that the snapshot names, at its last offset; those of the configuration when it names none.</param>
    /// <param name="now">Monotonic time.</param>
    public void OnSnapshotInstalled(LogPosition snapshot, VotersAt voters, TimeSpan now)
    {
        Advance(now);
        Invariant.Require(_log.End == snapshot);
        _voters.StartAt(voters);
        _flushed = snapshot.EndOffset;
        _flushAskedTo = snapshot.EndOffset;
        Commit(snapshot.EndOffset);
        if (Role is Follower follower)
        {
            follower.AwaitsLog = false;
        }

        Drive();
    }

    /// <summary>The log was cut off as <see cref="TruncateLog"/> asked.</summary>
    public void OnTruncated(TimeSpan now)
    {
        Advance(now);
        if (Role is Follower follower)
        {
            follower.AwaitsLog = false;
        }

        Drive();
    }

    private void TakeFetched(Follower follower, RequestId request, FetchAnswer answer)
    {
        follower.LeaderLostAt = _now + Timeouts.Fetch;
        follower.HearsLeader = true;
        if (answer.Diverging is { } diverging)
        {
            Truncate(follower, diverging);
        }
        else if (answer.Snapshot is { } snapshot)
        {
            if (snapshot.EndOffset < HighWatermark || snapshot.Epoch.Value < 0)
            {
                Halt($"the leader {answer.Leader} of epoch {Epoch} offers a snapshot up to {snapshot}, below the committed {HighWatermark}");
            }
            else
            {
                follower.Snapshot = (snapshot, 0);
            }
        }
        else if (answer.HasRecords)
        {
            follower.AwaitsLog = true;
            follower.EndBeforeAppend = _log.End.EndOffset;
            follower.LeaderHighWatermark = answer.HighWatermark;
            Emit(new AppendFetched(request));
        }
        else
        {
            Commit(answer.HighWatermark);
        }
    }

    /// <summary>What a majority of the voters had is not taken back: a leader that wants that has lost committed records.</summary>
    private void Truncate(Follower follower, LogPosition diverging)
    {
        LogPosition own = EndOf(diverging.Epoch);
        Offset to = own.Epoch == diverging.Epoch ? Offset.Min(own.EndOffset, diverging.EndOffset) : own.EndOffset;
        to = Offset.Min(to, _log.End.EndOffset);
        if (to < HighWatermark)
        {
            Halt($"the leader {follower.LeaderNode} of epoch {Epoch} asks to truncate to {to}, below the committed {HighWatermark}: it has {diverging} where this log has {own} and ends at {_log.End}");
            return;
        }

        follower.AwaitsLog = true;
        _voters.TruncateTo(to);
        _flushed = Offset.Min(_flushed, to);
        _flushAskedTo = Offset.Min(_flushAskedTo, to);
        Emit(new TruncateLog(to));
    }

    private void TakePiece(Follower follower, (LogPosition Id, long Position) copy, FetchSnapshotAnswer answer)
    {
        if (answer.Error != ErrorCode.None || (answer.End <= copy.Position && answer.End < answer.Size))
        {
            GiveUpSnapshot(follower, copy.Id);
            return;
        }

        follower.LeaderLostAt = _now + Timeouts.Fetch;
        follower.HearsLeader = true;
        if (answer.End < answer.Size)
        {
            follower.Snapshot = (copy.Id, answer.End);
            return;
        }

        follower.Snapshot = null;
        follower.AwaitsLog = true;
        Emit(new InstallSnapshot(copy.Id));
    }

    /// <summary>
    /// It may have been replaced by a newer one: the next fetch says which. A leader of Apache Kafka 4.3 that no longer has the snapshot says only that
    /// something went wrong: it cannot write the answer that would tell.
    /// </summary>
    private void GiveUpSnapshot(Follower follower, LogPosition snapshot)
    {
        follower.Snapshot = null;
        follower.Fetching.Failed(_now, Timeouts.RetryBackoff);
        Emit(new AbandonSnapshot(snapshot));
    }

    private void DriveFollower(Follower follower)
    {
        if (_now >= follower.LeaderLostAt)
        {
            if (MayStand)
            {
                BecomeProspective();
            }
            else
            {
                LookForLeader();
            }

            return;
        }

        if (follower.Fetching.IsFree(_now) && !follower.AwaitsLog)
        {
            if (follower.Snapshot is { } copy)
            {
                var ask = new FetchSnapshotAsk(_options.Self, Epoch, copy.Id, copy.Position);
                Send(follower.Fetching, id => new SendFetchSnapshot(id, follower.Fetching.Peer, ask));
            }
            else if (AwaitsFlush)
            {
                AskForFlush();
            }
            else
            {
                Send(follower.Fetching, id => new SendFetch(id, follower.Fetching.Peer, OwnFetch()));
            }
        }

        if (follower.ChangingVoters.IsFree(_now) && OwnVoterChange(follower) is { } change)
        {
            Send(follower.ChangingVoters, change);
        }
    }

    /// <summary>
    /// A voter's fetch tells the leader what it has on its disk, so it is not sent before that is true; the same holds for whoever the leader may make a
    /// voter, because it then counts what it was told before. Nobody counts on a node without the controller role.
    /// </summary>
    private bool AwaitsFlush => (_options.CanBecomeVoter || Voters.Contains(_options.Self)) && _flushed < _log.End.EndOffset;

    private FetchAsk OwnFetch() => new(_options.Self, Epoch, _log.End, HighWatermark, Timeouts.FetchWaitMax);

    /// <summary>An observer that cannot reach its leader asks others; what they know leads it back, or to the next one.</summary>
    private void LookForLeader()
    {
        var unattached = new Unattached(Epoch, Role.LeaderNode, Role.VotedFor, _now + ElectionJitter());
        unattached.Search.Failed(_now, Timeouts.RetryBackoff);
        Enter(unattached);
    }

    /// <summary>Before the first epoch of the log comes that of the snapshot with which it begins.</summary>
    private LogPosition EndOf(LeaderEpoch epoch) => _log.EndOfEpoch(epoch)
        ?? (_log.OldestSnapshot is { } oldest && oldest.EndOffset == _log.Start && oldest.Epoch <= epoch ? oldest : new LogPosition(_log.Start, epoch));

    private void Halt(string reason)
    {
        _isHalted = true;
        Emit(new HaltNode(reason));
    }
}
