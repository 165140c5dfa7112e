using Tidemark.Primitives;

namespace Tidemark.Records.Validation;

/// <summary>What <see cref="BatchValidator"/> found: a refusal with its reasons, or what the leader needs to know to append the batch.</summary>
public readonly record struct BatchValidation
{
    public ErrorCode ErrorCode { get; init; }

    /// <summary>What is wrong and what is allowed; null when the batch is accepted.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>The records that are wrong, at most <see cref="BatchValidator.RecordErrorsMax"/>; null unless single ones were found.</summary>
    public IReadOnlyList<RecordError>? RecordErrors { get; init; }

    /// <summary>
    /// For a refusal: whether the response says where the log starts (and not -1). Kafka does when the records themselves were wrong,
    /// not when the batch did not even get as far as the log.
    /// </summary>
    public bool TellsLogStartOffset { get; init; }

    /// <summary>The batch's size. Bytes after it that begin no complete batch are ignored, as Kafka does.</summary>
    public int SizeInBytes { get; init; }

    public int RecordCount { get; init; }

    /// <summary>The type that the batch is to have in the log.</summary>
    public TimestampType TimestampType { get; init; }

    /// <summary>The max timestamp that the batch is to have in the log: its latest record's, or the broker's time.</summary>
    public long MaxTimestamp { get; init; }

    /// <summary>Which record has it: the first of those that do.</summary>
    public int OffsetDeltaOfMaxTimestamp { get; init; }

    /// <summary>True when the topic's codec is another one: then <see cref="BatchReencoder"/> makes the batch that is appended.</summary>
    public bool NeedsReencoding { get; init; }

    /// <summary>True when the records are numbered 0, 1, 2 and so on; Kafka accepts others, and writes them anew only when it must re-encode.</summary>
    internal bool OffsetsAreDense { get; init; }

    public bool IsAccepted => ErrorCode == ErrorCode.None;

    /// <summary>Gives an accepted batch the timestamp type and max timestamp that it is to have, in place. Cheap, and mostly nothing to do.</summary>
    public void StampTimestamps(Span<byte> batch) => RecordBatchHeader.StampTimestamps(batch[..SizeInBytes], TimestampType, MaxTimestamp);

    internal static BatchValidation Refuse(ErrorCode code, string message, bool tellsLogStartOffset = false, IReadOnlyList<RecordError>? records = null) => new()
    {
        ErrorCode = code,
        ErrorMessage = message,
        TellsLogStartOffset = tellsLogStartOffset,
        RecordErrors = records,
    };
}
