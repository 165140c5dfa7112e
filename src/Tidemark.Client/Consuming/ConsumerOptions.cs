using Tidemark.Client.Cluster;

namespace Tidemark.Client.Consuming;

/// <summary>How records are fetched; Kafka's names in brackets.</summary>
public sealed record ConsumerOptions
{
    /// <summary>The broker waits for this many bytes … (<c>fetch.min.bytes</c>).</summary>
    public int MinBytes { get; init; } = 1;

    /// <summary>… but no longer than this (<c>fetch.max.wait.ms</c>).</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most bytes an answer has, unless its first batch alone is larger (<c>fetch.max.bytes</c>).</summary>
    public int MaxBytes { get; init; } = 50 << 20;

    /// <summary>The same for one partition (<c>max.partition.fetch.bytes</c>).</summary>
    public int PartitionMaxBytes { get; init; } = 1 << 20;

    /// <summary>Whether each batch's checksum is computed anew (<c>check.crcs</c>).</summary>
    public bool ChecksCrc { get; init; } = true;

    /// <summary>Whether only records of committed transactions are read, and those outside of any (<c>isolation.level</c>).</summary>
    public bool ReadCommitted { get; init; }

    /// <summary>Where to go on when the records at a position are gone (<c>auto.offset.reset</c>); null is an error.</summary>
    public OffsetSpec? WhenOutOfRange { get; init; } = OffsetSpec.Earliest;
}
