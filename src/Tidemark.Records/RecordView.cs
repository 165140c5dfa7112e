namespace Tidemark.Records;

/// <summary>One record, read where it lies; valid as long as the bytes it was read from.</summary>
public readonly ref struct RecordView
{
    /// <summary>The record without its length.</summary>
    public required ReadOnlySpan<byte> Body { get; init; }

    public required int OffsetDelta { get; init; }

    /// <summary>The record's place in the partition.</summary>
    public required long Offset { get; init; }

    /// <summary>In milliseconds since 1970, -1 when there is none; the batch's own time where the broker set it.</summary>
    public required long Timestamp { get; init; }

    public required RecordBytes Key { get; init; }

    public required RecordBytes Value { get; init; }

    public required int HeaderCount { get; init; }

    /// <summary>The headers as they are encoded, without their number.</summary>
    public required ReadOnlySpan<byte> EncodedHeaders { get; init; }

    /// <summary>The headers in order; keys may repeat. They were checked when the record was read.</summary>
    public RecordHeaderWalk Headers => new(EncodedHeaders, HeaderCount);
}
