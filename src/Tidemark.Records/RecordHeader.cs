namespace Tidemark.Records;

/// <summary>A header to write with a record (KIP-82): a key, which may repeat, and a value that may be null.</summary>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value);
