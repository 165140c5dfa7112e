using Tidemark.Primitives;

namespace Tidemark.Broker.Partitions;

/// <summary>The negative times of ListOffsets, which stand for places.</summary>
public static class OffsetTimes
{
    public const long Latest = -1;
    public const long Earliest = -2;
    public const long MaxTimestamp = -3;
    public const long EarliestLocal = -4;
    public const long LatestTiered = -5;
    public const long EarliestPendingUpload = -6;
}

/// <summary>Up to where a reader may look.</summary>
public enum ReadLimit
{
    /// <summary>What is committed (read_uncommitted, which is about transactions).</summary>
    HighWatermark,

    /// <summary>What is committed and in no open transaction (read_committed).</summary>
    LastStableOffset,

    /// <summary>All there is: for followers.</summary>
    LogEnd,
}

/// <summary>An offset that was looked for; unknown where there is none.</summary>
public readonly record struct FoundOffset(ErrorCode Error, long Timestamp, Offset Offset, LeaderEpoch Epoch)
{
    public static readonly FoundOffset Nothing = new(ErrorCode.None, -1, Offset.Unknown, LeaderEpoch.Unknown);

    public static FoundOffset Failed(ErrorCode error) => Nothing with { Error = error };
}
