namespace Tidemark.Client.Cluster;

/// <summary>Which offset to look up, as ListOffsets' timestamp says it.</summary>
public readonly record struct OffsetSpec(long Timestamp)
{
    /// <summary>One after the last record.</summary>
    public static readonly OffsetSpec Latest = new(-1);

    /// <summary>The first record that is still there.</summary>
    public static readonly OffsetSpec Earliest = new(-2);

    /// <summary>The record with the highest timestamp (KIP-734).</summary>
    public static readonly OffsetSpec MaxTimestamp = new(-3);

    /// <summary>The first record with this timestamp or a later one.</summary>
    public static OffsetSpec At(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());
}
