using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>Checks of a fetch that need nothing but the leader's epoch and its log's epochs; consumers and followers share them.</summary>
public static class FetchChecks
{
    /// <summary>Compares the epoch that the sender believes in with the leader's own (KIP-320).</summary>
    public static ErrorCode Epoch(LeaderEpoch believed, LeaderEpoch own) =>
        believed < own ? ErrorCode.FencedLeaderEpoch
        : believed > own ? ErrorCode.UnknownLeaderEpoch
        : ErrorCode.None;

    /// <summary>
    /// Whether a log that ends at <paramref name="fetchOffset"/> with <paramref name="lastFetchedEpoch"/> has left the leader's (KIP-595).
    /// <paramref name="found"/> is what the leader's epoch cache has at or below that epoch.
    /// </summary>
    public static ErrorCode Divergence(Offset fetchOffset, LeaderEpoch lastFetchedEpoch, Offset logStart, EpochEnd? found, out EpochEnd? diverging)
    {
        diverging = null;
        if (found is not { } at || fetchOffset < logStart)
        {
            // Below the start there is nothing to compare; telling it to diverge would send it round for ever (KAFKA-12996).
            return ErrorCode.OffsetOutOfRange;
        }

        if (at.Epoch < lastFetchedEpoch || at.End < fetchOffset)
        {
            diverging = at;
        }

        return ErrorCode.None;
    }
}
