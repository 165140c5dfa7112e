namespace Tidemark.Records;

/// <summary>Bytes that may be null: a record's key, its value or a header's value. Null is not empty: a null value is a tombstone.</summary>
public readonly ref struct RecordBytes
{
    private readonly bool _present;

    private RecordBytes(ReadOnlySpan<byte> span)
    {
        Span = span;
        _present = true;
    }

    public static RecordBytes Null => default;

    public bool IsNull => !_present;

    /// <summary>The bytes, none of them when null.</summary>
    public ReadOnlySpan<byte> Span { get; }

    public int Length => Span.Length;

    public static implicit operator RecordBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    public static implicit operator RecordBytes(Span<byte> bytes) => new(bytes);

    public static implicit operator RecordBytes(byte[]? bytes) => bytes is null ? default : new(bytes);

    public static implicit operator RecordBytes(ReadOnlyMemory<byte> bytes) => new(bytes.Span);

    public static implicit operator RecordBytes(ReadOnlyMemory<byte>? bytes) => bytes is { } there ? new(there.Span) : default;

    /// <summary>A copy, null when null.</summary>
    public byte[]? ToArray() => _present ? Span.ToArray() : null;
}
