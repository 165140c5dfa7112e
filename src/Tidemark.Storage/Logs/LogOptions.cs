namespace Tidemark.Storage.Logs;

/// <summary>
/// How a partition keeps its log: Kafka's topic keys, with their defaults. Durations are milliseconds in a long because Kafka allows
/// the whole range of a long, which <see cref="TimeSpan"/> cannot hold.
/// </summary>
public sealed record LogOptions
{
    public static readonly LogOptions Default = new();

    /// <summary><c>segment.bytes</c></summary>
    public int SegmentBytes { get; init; } = 1024 * 1024 * 1024;

    /// <summary><c>segment.ms</c>: the age at which a segment is rolled, by the timestamps of its records.</summary>
    public long SegmentMs { get; init; } = 604_800_000;

    /// <summary><c>segment.jitter.ms</c>: taken off <see cref="SegmentMs"/>, a different part for every segment, so that not all roll at once.</summary>
    public long SegmentJitterMs { get; init; }

    /// <summary><c>segment.index.bytes</c>: a segment is rolled when an index has grown to this.</summary>
    public int IndexBytesMax { get; init; } = 10 * 1024 * 1024;

    /// <summary><c>index.interval.bytes</c></summary>
    public int IndexIntervalBytes { get; init; } = 4096;

    /// <summary><c>retention.ms</c>; negative: for ever.</summary>
    public long RetentionMs { get; init; } = 604_800_000;

    /// <summary><c>retention.bytes</c>; negative: any size.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary><c>cleanup.policy</c> holds <c>delete</c>.</summary>
    public bool Deletes { get; init; } = true;

    /// <summary><c>cleanup.policy</c> holds <c>compact</c>.</summary>
    public bool Compacts { get; init; }

    /// <summary>Whether compaction has been through the log, under a policy of before perhaps: offsets that are missing are no damage then.</summary>
    public bool WasCompacted { get; init; }

    /// <summary><c>flush.messages</c></summary>
    public long FlushMessages { get; init; } = long.MaxValue;

    /// <summary><c>flush.ms</c>. The log tells when a flush is due (<see cref="PartitionLog.IsFlushDue"/>); the broker calls it.</summary>
    public long FlushMs { get; init; } = long.MaxValue;

    /// <summary><c>min.cleanable.dirty.ratio</c></summary>
    public double MinCleanableDirtyRatio { get; init; } = 0.5;

    /// <summary><c>min.compaction.lag.ms</c></summary>
    public long MinCompactionLagMs { get; init; }

    /// <summary><c>max.compaction.lag.ms</c></summary>
    public long MaxCompactionLagMs { get; init; } = long.MaxValue;

    /// <summary>The age at which a segment is rolled at the latest: what may not wait longer to be compacted must leave the active segment, too.</summary>
    public long SegmentAgeMsMax => Compacts && MaxCompactionLagMs > 0 ? Math.Min(SegmentMs, MaxCompactionLagMs) : SegmentMs;

    /// <summary><c>delete.retention.ms</c>: how long a tombstone stays after it was first seen by compaction.</summary>
    public long DeleteRetentionMs { get; init; } = 86_400_000;

    /// <summary><c>producer.id.expiration.ms</c>, a broker key.</summary>
    public int ProducerIdExpirationMs { get; init; } = 86_400_000;
}
