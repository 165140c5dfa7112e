using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>
/// The leader of one partition during one leader epoch: whose acknowledgement counts, what is committed, and who is in sync.
///
/// The idea: a record is committed when every replica that may become leader without losing data (the maximal in-sync set) has it.
/// The high watermark is the end of that prefix. Followers report how far they are with the offset of their fetch. The controller
/// owns the committed set; the leader proposes changes and, while one is pending, waits for the union of before and after.
///
/// Pure: log ends, times and metadata come in as arguments; proposals and "the high watermark moved" go out as values. The caller
/// serialises the calls.
/// </summary>
public sealed class PartitionLeader
{
    private readonly BrokerId _self;
    private readonly TimeSpan _lagMax;
    private readonly TimeSpan _keepsAllUntil;
    private readonly IBrokerStandings _brokers;
    private ReplicaProgress[] _followers;
    private IReadOnlyList<BrokerId> _replicas;

    /// <summary>
    /// The controller took members out of the in-sync set, and the metadata that says so is not here. Whom it made eligible outside of the set depends on a
    /// <c>min.insync.replicas</c> that may be in that metadata too: until then nothing is committed without them (KIP-966).
    /// </summary>
    private bool _awaitsMetadata;

    /// <param name="logEnd">The log's end when this epoch began; it becomes the epoch's start.</param>
    /// <param name="highWatermark">A lower bound from the checkpoint or an earlier role; clamped into the log by the caller.</param>
    /// <param name="lagMax"><c>replica.lag.time.max.ms</c>.</param>
    /// <param name="leaseMax">For how long at most a broker that led before may go on to serve without having learned that it was replaced.</param>
    public PartitionLeader(
        BrokerId self,
        PartitionLeadership leadership,
        Offset logEnd,
        Offset highWatermark,
        int minInsyncReplicas,
        TimeSpan lagMax,
        TimeSpan leaseMax,
        IBrokerStandings brokers,
        TimeSpan now)
    {
        Invariant.Require(highWatermark <= logEnd);
        Invariant.Require(leadership.Isr.Contains(self));
        _self = self;
        _lagMax = lagMax;
        _keepsAllUntil = leadership.LeaderEpoch.Value > 0 ? now + leaseMax : now;
        _brokers = brokers;
        _replicas = leadership.Replicas;
        _followers = [.. leadership.Replicas.Where(r => r != self).Select(r => new ReplicaProgress(r))];
        Epoch = leadership.LeaderEpoch;
        PartitionEpoch = leadership.PartitionEpoch;
        Recovery = leadership.Recovery;
        Isr = new CommittedIsr(leadership.Isr);
        MinInsyncReplicas = minInsyncReplicas;
        EpochStart = logEnd;
        LogEnd = logEnd;
        HighWatermark = highWatermark;
        foreach (ReplicaProgress follower in _followers)
        {
            if (leadership.Isr.Contains(follower.Id))
            {
                follower.AssumeCaughtUp(now);
            }
        }

        AdvanceHighWatermark(now);
    }

    public LeaderEpoch Epoch { get; }

    public IReadOnlyList<BrokerId> Replicas => _replicas;

    /// <summary>How far each follower is, as far as its fetches tell.</summary>
    public IReadOnlyList<FollowerStanding> Followers => [.. _followers.Select(each => new FollowerStanding(each.Id, each.LogEnd, each.BrokerEpoch, each.LastCaughtUp))];

    public int PartitionEpoch { get; private set; }

    public LeaderRecovery Recovery { get; private set; }

    public IsrState Isr { get; private set; }

    /// <summary>Where this leadership began to write. Nobody joins the in-sync set, and no latest offset is told, below it.</summary>
    public Offset EpochStart { get; }

    public Offset LogEnd { get; private set; }

    /// <summary>The end of what is committed; it never goes back within a leadership.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary><c>min.insync.replicas</c> as configured; a change counts from the next call on.</summary>
    public int MinInsyncReplicas { get; set; }

    /// <summary>More than the partition has replicas can never be in sync, so more is never asked for.</summary>
    private int EffectiveMinInsync => Math.Min(MinInsyncReplicas, _replicas.Count);

    /// <summary>Before anything is written: a write that waits for all is refused while too few are in sync.</summary>
    public ErrorCode CheckAppend(bool acksAll) =>
        acksAll && Isr.Committed.Count < EffectiveMinInsync ? ErrorCode.NotEnoughReplicas : ErrorCode.None;

    /// <summary>The leader's own log grew. True when the high watermark moved.</summary>
    public bool OnAppend(Offset logEnd, TimeSpan now)
    {
        Invariant.Require(logEnd >= LogEnd);
        LogEnd = logEnd;
        return AdvanceHighWatermark(now);
    }

    /// <summary>
    /// How a write with acks=all that ends at <paramref name="end"/> stands: null is "wait", otherwise what its producer is told.
    /// </summary>
    public ErrorCode? Acknowledge(Offset end) =>
        HighWatermark < end && !Plants.IsOn(Plant.AcknowledgeBeforeHighWatermark) ? null
        : Isr.Maximal.Count < EffectiveMinInsync ? ErrorCode.NotEnoughReplicasAfterAppend
        : ErrorCode.None;

    /// <summary>The end of the partition may be told only when all of the earlier epochs is known to be committed (KIP-207).</summary>
    public ErrorCode CheckLatestOffset() => HighWatermark >= EpochStart || Plants.IsOn(Plant.LatestOffsetTooEarly) ? ErrorCode.None : ErrorCode.OffsetNotAvailable;

    /// <summary>A follower fetched, and its believed leader epoch was right. <paramref name="found"/> is the log's answer for its last fetched epoch.</summary>
    /// <param name="leaderEnd">The leader's log end sampled before the read that answers this fetch.</param>
    public FollowerFetchOutcome OnFollowerFetch(in FollowerFetch fetch, EpochEnd? found, Offset logStart, Offset leaderEnd, TimeSpan now)
    {
        ReplicaProgress? follower = Find(fetch.Follower);
        if (follower is null)
        {
            // Metadata that assigns the follower has not come here yet.
            return new(ErrorCode.UnknownLeaderEpoch);
        }

        if (fetch.BrokerEpoch >= 0 && _brokers.Find(fetch.Follower) is { } standing && standing.Epoch > fetch.BrokerEpoch && !Plants.IsOn(Plant.CountStaleBrokerEpoch))
        {
            return new(ErrorCode.NotLeaderOrFollower);
        }

        if (fetch.LastFetchedEpoch != LeaderEpoch.Unknown)
        {
            ErrorCode error = FetchChecks.Divergence(fetch.FetchOffset, fetch.LastFetchedEpoch, logStart, found, out EpochEnd? diverging);
            if ((error != ErrorCode.None || diverging is not null) && Plants.IsOn(Plant.UpdateFollowerOnDivergence))
            {
                follower.OnFetch(fetch.FetchOffset, fetch.LogStart, fetch.BrokerEpoch, leaderEnd, now);
                return new(error, diverging, AdvanceHighWatermark(now), ProposeExpansion(follower));
            }

            if (error != ErrorCode.None || diverging is not null)
            {
                // A diverging log end is not a prefix of ours: counting it would make a false high watermark (KAFKA-13141).
                return new(error, diverging);
            }
        }

        if (fetch.FetchOffset < logStart || fetch.FetchOffset > leaderEnd)
        {
            return new(ErrorCode.OffsetOutOfRange);
        }

        follower.OnFetch(fetch.FetchOffset, fetch.LogStart, fetch.BrokerEpoch, leaderEnd, now);
        IsrProposal? proposal = ProposeExpansion(follower);
        bool advanced = AdvanceHighWatermark(now);
        return new(ErrorCode.None, null, advanced, proposal);
    }

    /// <summary>
    /// The follower from which a consumer in this rack is to read instead (KIP-392): alive, in sync, with all that the leader knows of it around
    /// the offset, and the furthest of those; null when the leader serves as well.
    /// </summary>
    /// <param name="rackOf">The rack of a broker that is alive; null for all others.</param>
    public BrokerId? PreferredReadReplica(Offset from, string rack, Func<BrokerId, string?> rackOf)
    {
        if (rackOf(_self) == rack)
        {
            return null;
        }

        ReplicaProgress? best = null;
        foreach (ReplicaProgress follower in _followers)
        {
            bool mayServe = follower.HasFetched && follower.LogStart <= from && from <= follower.LogEnd && Isr.Committed.Contains(follower.Id);
            if (mayServe && rackOf(follower.Id) == rack && (best is null || follower.IsAheadOf(best)))
            {
                best = follower;
            }
        }

        return best?.Id;
    }

    /// <summary>
    /// Below this no replica that is alive has records any more: the lowest of the log's start and those of the followers (KIP-107); unknown while one of them
    /// has not fetched in this epoch.
    /// </summary>
    public Offset LowWatermark(Offset logStart)
    {
        Offset low = logStart;
        foreach (ReplicaProgress follower in _followers)
        {
            if (follower.LogStart < low && _brokers.Find(follower.Id) is { Fenced: false })
            {
                low = follower.LogStart;
            }
        }

        return low;
    }

    /// <summary>
    /// Looks for members that fell behind; to be called every half <c>replica.lag.time.max.ms</c>. One of them may have led before and not know that it was
    /// replaced. While it may serve, nothing is committed without it, or it would tell of an end that is older than what others were told.
    /// </summary>
    public IsrProposal? ProposeShrink(TimeSpan now)
    {
        if (Isr.IsPending || now < _keepsAllUntil)
        {
            return null;
        }

        BrokerId[] remaining = [.. Isr.Committed.Where(member => member == _self || Find(member) is { } f && f.IsCaughtUp(LogEnd, now, _lagMax))];
        if (remaining.Length == Isr.Committed.Count)
        {
            return null;
        }

        Isr = new PendingShrink(Isr.Committed, remaining);
        return Propose(remaining);
    }

    /// <summary>
    /// A follower that is not in sync, but might be called so in a moment, is waited for until it has been silent for <c>replica.lag.time.max.ms</c>; to be called every
    /// half of that, for nothing else may happen then. True when the high watermark moved.
    /// </summary>
    public bool StopAwaiting(TimeSpan now) => AdvanceHighWatermark(now);

    /// <summary>The controller answered a proposal. True in <paramref name="highWatermarkAdvanced"/> when waiters are to be looked at (KAFKA-13091).</summary>
    public ProposalFate OnAlterPartition(IsrProposal proposal, in AlterPartitionAnswer answer, TimeSpan now, out bool highWatermarkAdvanced)
    {
        highWatermarkAdvanced = false;
        if (!Isr.IsPending || proposal.LeaderEpoch != Epoch || proposal.PartitionEpoch != PartitionEpoch)
        {
            return ProposalFate.Ignored;
        }

        if (answer is { Error: ErrorCode.None, Accepted: { } accepted })
        {
            if (accepted.LeaderEpoch != Epoch || accepted.PartitionEpoch < PartitionEpoch)
            {
                return ProposalFate.Ignored;
            }

            _awaitsMetadata |= Isr.Committed.Any(member => !accepted.Isr.Contains(member));
            Take(accepted);
            highWatermarkAdvanced = AdvanceHighWatermark(now);
            return ProposalFate.Applied;
        }

        switch (Plants.IsOn(Plant.RollBackOnAnyError) ? ErrorCode.IneligibleReplica : answer.Error)
        {
            case ErrorCode.IneligibleReplica:
            case ErrorCode.OperationNotAttempted:
                Isr = new CommittedIsr(Isr.Committed);
                return ProposalFate.RolledBack;
            case ErrorCode.UnknownTopicOrPartition:
            case ErrorCode.UnknownTopicId:
            case ErrorCode.FencedLeaderEpoch:
            case ErrorCode.InvalidUpdateVersion:
            case ErrorCode.InvalidRequest:
            case ErrorCode.NewLeaderElected:
                return ProposalFate.AwaitMetadata;
            default:
                return ProposalFate.Retry;
        }
    }

    /// <summary>
    /// Metadata of the same leader epoch arrived. Followers keep what is known of them (KAFKA-13790); only new ones are added and
    /// removed ones dropped. True when the high watermark moved.
    /// </summary>
    public bool OnMetadata(PartitionLeadership leadership, TimeSpan now)
    {
        Invariant.Require(leadership.LeaderEpoch == Epoch);
        if (leadership.PartitionEpoch < PartitionEpoch)
        {
            return false;
        }

        bool wasAwaited = _awaitsMetadata;
        _awaitsMetadata = false;
        if (leadership.PartitionEpoch == PartitionEpoch)
        {
            return wasAwaited && AdvanceHighWatermark(now);
        }

        Take(leadership);
        return AdvanceHighWatermark(now);
    }

    private void Take(PartitionLeadership leadership)
    {
        PartitionEpoch = leadership.PartitionEpoch;
        Recovery = leadership.Recovery;
        Isr = new CommittedIsr(leadership.Isr);
        _replicas = leadership.Replicas;
        _followers = [.. leadership.Replicas.Where(r => r != _self).Select(r => (Plants.IsOn(Plant.ResetOnSameEpochMetadata) ? null : Find(r)) ?? new ReplicaProgress(r))];
    }

    private IsrProposal? ProposeExpansion(ReplicaProgress follower)
    {
        if (Isr.IsPending || Isr.Committed.Contains(follower.Id) || !MayJoin(follower))
        {
            return null;
        }

        Isr = new PendingExpansion(Isr.Committed, follower.Id);
        return Propose(Isr.Maximal);
    }

    /// <summary>A replica that would make the in-sync set, were the controller asked now.</summary>
    private bool MayJoin(ReplicaProgress follower) =>
        follower.HasFetched
        && (follower.LogEnd >= HighWatermark || Plants.IsOn(Plant.ExpandWithoutHighWatermark))
        && (follower.LogEnd >= EpochStart || Plants.IsOn(Plant.ExpandWithoutEpochStart))
        && IsFit(follower);

    private IsrProposal Propose(IReadOnlyList<BrokerId> isr)
    {
        long[] epochs = [.. isr.Select(id => Find(id) is { BrokerEpoch: >= 0 and var epoch } ? epoch : _brokers.Find(id)?.Epoch ?? -1)];

        // A leader that was elected out of sync has recovered when it asks: it serves, and whoever joins has all that it has (KIP-704).
        return new(Epoch, PartitionEpoch, isr, epochs, LeaderRecovery.Recovered);
    }

    private bool AdvanceHighWatermark(TimeSpan now)
    {
        if (_awaitsMetadata)
        {
            return false;
        }

        if (Isr.Committed.Count < EffectiveMinInsync && !Plants.IsOn(Plant.HighWatermarkBelowMinInsync))
        {
            // The last replica standing must not commit alone what the configuration says needs company (KIP-966).
            return false;
        }

        Offset target = LogEnd;
        foreach (ReplicaProgress follower in _followers)
        {
            if (follower.LogEnd < target
                && (Isr.Committed.Contains(follower.Id) || !Plants.IsOn(Plant.ExpansionNotAwaited))
                && (Isr.Maximal.Contains(follower.Id) || (follower.IsCaughtUp(LogEnd, now, _lagMax) && IsEligible(follower))))
            {
                // An unknown end is below every target and so holds the high watermark where it is.
                target = follower.LogEnd;
            }
        }

        if (target <= HighWatermark)
        {
            return false;
        }

        HighWatermark = target;
        return true;
    }

    private bool IsEligible(ReplicaProgress follower) =>
        follower.HasFetched && IsFit(follower);

    /// <summary>Neither fenced nor shutting down, and in the life in which it fetched.</summary>
    private bool IsFit(ReplicaProgress follower) =>
        _brokers.Find(follower.Id) is { } standing
        && (standing.MayJoinIsr || Plants.IsOn(Plant.CountFencedMember))
        && (follower.BrokerEpoch < 0 || follower.BrokerEpoch == standing.Epoch || Plants.IsOn(Plant.CountStaleBrokerEpoch));

    private ReplicaProgress? Find(BrokerId id)
    {
        foreach (ReplicaProgress follower in _followers)
        {
            if (follower.Id == id)
            {
                return follower;
            }
        }

        return null;
    }
}
