using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

public sealed partial class QuorumMember
{
    /// <summary>
    /// A member, or somebody who only reads, fetches from the log. Errors: INVALID_REQUEST for impossible positions; FENCED_LEADER_EPOCH and
    /// UNKNOWN_LEADER_EPOCH for another epoch than this member's; NOT_LEADER_OR_FOLLOWER when it does not lead.
    /// </summary>
    public FetchVerdict OnFetchAsked(FetchAsk ask, TimeSpan now)
    {
        Advance(now);
        FetchVerdict verdict = JudgeFetch(ask, counts: true);
        Drive();
        return verdict;
    }

    /// <summary>
    /// What becomes now of a fetch that was held. It is no sign of life of whoever asked, so it counts for nothing; when the wait is over the driver
    /// answers it even if it still could be held.
    /// </summary>
    public FetchVerdict OnHeldFetchDue(FetchAsk ask) => JudgeFetch(ask, counts: false);

    /// <summary>A follower wants a piece of a snapshot. Errors as for fetches; without error the driver looks whether there is such a snapshot.</summary>
    public QuorumAnswer OnFetchSnapshotAsked(FetchSnapshotAsk ask, TimeSpan now)
    {
        Advance(now);
        ErrorCode error = JudgeLeaderRequest(ask.Epoch);
        if (error == ErrorCode.None)
        {
            ((Leader)Role).ProgressOf(ask.Replica)?.Heard(_now);
        }

        QuorumAnswer answer = Answer(error);
        Drive();
        return answer;
    }

    /// <summary>Something was appended: the leader's own records, or what a follower was asked to append.</summary>
    public void OnAppended(TimeSpan now)
    {
        Advance(now);
        if (Role is Leader)
        {
            AskForFlush();
        }
        else if (Role is Follower { AwaitsLog: true } follower)
        {
            follower.AwaitsLog = false;
            if (_log.End.EndOffset == follower.EndBeforeAppend)
            {
                follower.Fetching.Failed(_now, Timeouts.RetryBackoff);
            }

            Commit(follower.LeaderHighWatermark);
        }

        Drive();
    }

    /// <summary>The log is on the disk up to the offset.</summary>
    public void OnFlushed(Offset end, TimeSpan now)
    {
        Advance(now);
        Invariant.Require(end <= _log.End.EndOffset);
        _flushed = Offset.Max(_flushed, end);
        if (Role is Leader leader)
        {
            AdvanceLeaderCommit(leader);
        }

        Drive();
    }

    private FetchVerdict JudgeFetch(FetchAsk ask, bool counts)
    {
        bool isImpossible = ask.MaxWait < TimeSpan.Zero || ask.End.EndOffset < Offset.Zero || ask.End.Epoch.Value < 0 || ask.End.Epoch > ask.Epoch;
        ErrorCode error = isImpossible ? ErrorCode.InvalidRequest : JudgeLeaderRequest(ask.Epoch);
        if (error == ErrorCode.None && ask.Replica.Node == Self)
        {
            error = ErrorCode.InvalidRequest;
        }

        if (error != ErrorCode.None)
        {
            return new FetchVerdict(NewFetchAnswer(error, Offset.Unknown), MayBeHeld: false);
        }

        var leader = (Leader)Role;
        LogPosition? snapshot = SnapshotFor(ask.End);
        LogPosition shared = EndOf(ask.End.Epoch);
        LogPosition? diverging = snapshot is null && (shared.Epoch != ask.End.Epoch || shared.EndOffset < ask.End.EndOffset) ? shared : null;
        if (counts && leader.ProgressOf(ask.Replica) is { } progress)
        {
            progress.KnownCommitted = ask.HighWatermark;
            if (snapshot is null && diverging is null)
            {
                progress.Fetched(ask.End.EndOffset, _log.End.EndOffset, _now);
                AdvanceLeaderCommit(leader);
            }
            else
            {
                // It follows, though nothing is known of how far its log is right.
                progress.Heard(_now);
            }
        }

        bool hasNews = snapshot is not null || diverging is not null || ask.End.EndOffset < _log.End.EndOffset || ask.HighWatermark < leader.HighWatermark;
        return new FetchVerdict(NewFetchAnswer(ErrorCode.None, leader.HighWatermark) with { Snapshot = snapshot, Diverging = diverging }, !hasNews);
    }

    private FetchAnswer NewFetchAnswer(ErrorCode error, Offset highWatermark) =>
        new(error, Role.LeaderNode, Epoch, highWatermark) { LeaderEndpoints = Role.LeaderEndpoints };

    /// <summary>
    /// The snapshot for a fetcher whose position lies before the log's start, or whose epoch ended before it; and for an empty one, to which a snapshot is
    /// shorter than the log.
    /// </summary>
    private LogPosition? SnapshotFor(LogPosition end)
    {
        if (_log.OldestSnapshot is not { } oldest || _log.NewestSnapshot is not { } newest)
        {
            return null;
        }

        bool isNeeded = end.EndOffset == Offset.Zero || end.EndOffset < _log.Start || end.Epoch < oldest.Epoch
            || (end.EndOffset == _log.Start && oldest.EndOffset == _log.Start && end.Epoch != oldest.Epoch);
        return isNeeded ? newest : null;
    }

    /// <summary>
    /// What a majority of the voters has on the disk is committed, as soon as something of this epoch is among it: records of earlier epochs alone could
    /// still be overwritten by another leader.
    /// </summary>
    private void AdvanceLeaderCommit(Leader leader)
    {
        Offset end = Offset.Min(leader.MajorityEnd(Plants.IsOn(Plant.VoterChangeByOldSet) ? _voters.Committed : Voters, IsVoter ? _flushed : null), _log.End.EndOffset);
        if ((end > leader.EpochStart || Plants.IsOn(Plant.CommitOlderEpochByCount)) && end > leader.HighWatermark)
        {
            leader.HighWatermark = end;
            Commit(end);
            CompleteVoterChange(leader);
        }
    }

    private void Commit(Offset highWatermark)
    {
        Offset end = Offset.Min(highWatermark, _log.End.EndOffset);
        if (end > HighWatermark)
        {
            HighWatermark = end;
            _voters.Commit(end);
            Emit(new AdvanceCommit(end));
        }
    }

    private void AskForFlush()
    {
        Offset end = _log.End.EndOffset;
        if (_flushed < end && _flushAskedTo < end)
        {
            _flushAskedTo = end;
            Emit(new FlushLog());
        }
    }
}
