namespace Tidemark.Client.Cluster;

/// <summary>Which offset to look up, as ListOffsets' timestamp says it, and where a consumer begins for it.</summary>
/// <param name="Back">So many offsets before the one that is found.</param>
/// <param name="Most">No later than this, whatever is found.</param>
public readonly record struct OffsetSpec(long Timestamp, long Back = 0, long Most = long.MaxValue)
{
    /// <summary>One after the last record.</summary>
    public static readonly OffsetSpec Latest = new(-1);

    /// <summary>The first record that is still there.</summary>
    public static readonly OffsetSpec Earliest = new(-2);

    /// <summary>The record with the highest timestamp (KIP-734).</summary>
    public static readonly OffsetSpec MaxTimestamp = new(-3);

    /// <summary>The first record with this timestamp or a later one.</summary>
    public static OffsetSpec At(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());

    /// <summary>The last so many offsets; where the first of them is gone a consumer goes on as after any that are gone.</summary>
    public static OffsetSpec Tail(long count) => new(Latest.Timestamp, Back: count);

    /// <summary>This offset, or the end where that comes first. The end of a transaction that is open is no bound: the offset is what was asked for.</summary>
    public static OffsetSpec Near(long offset) => new(Latest.Timestamp, Most: offset);

    /// <summary>Where to begin when this was found.</summary>
    internal long Begin(long found) => Math.Max(0, Math.Min(found - Back, Most));

    internal bool HasBound => Most != long.MaxValue;
}
