using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>How far a follower got, judged by its fetches. One object a follower and leadership.</summary>
internal sealed class ReplicaProgress(BrokerId id)
{
    private TimeSpan _lastFetchTime;
    private Offset _leaderEndAtLastFetch = Offset.Unknown;

    public BrokerId Id => id;

    /// <summary>Unknown until the follower fetched in this leader epoch.</summary>
    public Offset LogEnd { get; private set; } = Offset.Unknown;

    public Offset LogStart { get; private set; } = Offset.Unknown;

    /// <summary>The broker epoch of its last fetch; -1 when the follower does not send one.</summary>
    public long BrokerEpoch { get; private set; } = -1;

    /// <summary>When it last held all that the leader had; null is "never in this epoch".</summary>
    public TimeSpan? LastCaughtUp { get; private set; }

    public bool HasFetched => LogEnd != Offset.Unknown;

    /// <summary>A member of the in-sync replicas starts a leadership as caught up, or every election would shrink the set at once.</summary>
    public void AssumeCaughtUp(TimeSpan now) => LastCaughtUp = now;

    public void OnFetch(Offset fetchOffset, Offset logStart, long brokerEpoch, Offset leaderEnd, TimeSpan now)
    {
        if (fetchOffset >= leaderEnd)
        {
            LastCaughtUp = now;
        }
        else if (_leaderEndAtLastFetch != Offset.Unknown && fetchOffset >= _leaderEndAtLastFetch)
        {
            // It has what the leader had at its previous fetch: under a steady load it never sees the very end, yet keeps up.
            LastCaughtUp = LastCaughtUp is { } t && t > _lastFetchTime ? t : _lastFetchTime;
        }

        LogEnd = fetchOffset;
        LogStart = logStart;
        BrokerEpoch = brokerEpoch;
        _leaderEndAtLastFetch = leaderEnd;
        _lastFetchTime = now;
    }

    public bool IsAheadOf(ReplicaProgress other) =>
        LogEnd > other.LogEnd || (LogEnd == other.LogEnd && (LastCaughtUp ?? TimeSpan.MinValue) > (other.LastCaughtUp ?? TimeSpan.MinValue));

    public bool IsCaughtUp(Offset leaderEnd, TimeSpan now, TimeSpan lagMax) =>
        LogEnd == leaderEnd || (LastCaughtUp is { } t && now - t <= lagMax);
}
