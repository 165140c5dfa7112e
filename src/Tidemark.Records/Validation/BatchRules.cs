using Tidemark.Records.Compression;

namespace Tidemark.Records.Validation;

/// <summary>A topic's rules for what producers send it, with Kafka's defaults.</summary>
public sealed record BatchRules
{
    /// <summary><c>max.message.bytes</c>: the largest batch, with its header, as it is sent and as it is written.</summary>
    public int BatchBytesMax { get; init; } = 1_048_588;

    /// <summary><c>message.timestamp.type</c>.</summary>
    public TimestampType TimestampType { get; init; }

    /// <summary><c>message.timestamp.before.max.ms</c>: how far a record's timestamp may lie before the broker's clock.</summary>
    public long TimestampBeforeMsMax { get; init; } = long.MaxValue;

    /// <summary><c>message.timestamp.after.max.ms</c>: how far it may lie after it.</summary>
    public long TimestampAfterMsMax { get; init; } = 3_600_000;

    /// <summary>True when <c>cleanup.policy</c> has <c>compact</c>: then every record needs a key.</summary>
    public bool IsCompacted { get; init; }

    /// <summary><c>compression.type</c>: null for <c>producer</c>, which keeps what was sent.</summary>
    public CompressionCodec? Codec { get; init; }

    /// <summary>The level for <see cref="Codec"/> (<c>compression.gzip.level</c> and the like); null for its default.</summary>
    public int? Level { get; init; }

    /// <summary>
    /// What a batch may decompress to. Validation needs no memory for it, but consumers do: Java cannot hold a record of 2 GB,
    /// and a megabyte of zstd can claim 30 GB.
    /// </summary>
    public long DecompressedBytesMax { get; init; } = 1L << 30;
}
