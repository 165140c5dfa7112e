using Tidemark.Primitives;
using Tidemark.Records.Compression;

namespace Tidemark.Records;

/// <summary>What a batch's header says beyond its records. The defaults are a plain batch, uncompressed, with its producers' timestamps.</summary>
public sealed record RecordBatchOptions
{
    public static RecordBatchOptions Default { get; } = new();

    public CompressionCodec Codec { get; init; }

    /// <summary>The codec's level, null for Kafka's default: see <see cref="CompressionCodecs.DefaultLevel"/>.</summary>
    public int? Level { get; init; }

    public Offset BaseOffset { get; init; }

    /// <summary>Unknown from producers; the leader stamps its own.</summary>
    public LeaderEpoch LeaderEpoch { get; init; } = LeaderEpoch.Unknown;

    /// <summary>When set, the type is LogAppendTime and this the time of all records, in milliseconds since 1970.</summary>
    public long? LogAppendTimeMs { get; init; }

    public ProducerId ProducerId { get; init; } = ProducerId.None;

    public short ProducerEpoch { get; init; } = -1;

    public int BaseSequence { get; init; } = -1;

    public bool IsTransactional { get; init; }

    public bool IsControl { get; init; }

    /// <summary>When compaction may drop what the batch keeps back (KIP-534), in milliseconds since 1970.</summary>
    public long? DeleteHorizonMs { get; init; }

    /// <summary>
    /// The last offset that the batch stands for where compaction took its last records; without it that is the last record's.
    /// A batch that lost all its records needs it.
    /// </summary>
    public Offset? LastOffset { get; init; }

    /// <summary>The header fields of another batch, for writing its records anew.</summary>
    public static RecordBatchOptions Like(scoped in RecordBatchHeader header) => new()
    {
        Codec = header.Codec,
        BaseOffset = header.BaseOffset,
        LeaderEpoch = header.LeaderEpoch,
        LogAppendTimeMs = header.TimestampType == TimestampType.LogAppendTime ? header.MaxTimestamp : null,
        ProducerId = header.ProducerId,
        ProducerEpoch = header.ProducerEpoch,
        BaseSequence = header.BaseSequence,
        IsTransactional = header.IsTransactional,
        IsControl = header.IsControl,
        DeleteHorizonMs = header.DeleteHorizonMs,
    };
}
