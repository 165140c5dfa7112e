namespace Tidemark.System.Tests.Clients;

/// <summary>A header; a record may have several of one name, and a value may be absent.</summary>
public sealed record RecordHeader(string Name, string? Value)
{
    public override string ToString() => $"{Name}={Value ?? "∅"}";
}

/// <summary>A record to be written. Without a timestamp the client puts its own.</summary>
public sealed record OutgoingRecord(int Partition, string? Key, string? Value, IReadOnlyList<RecordHeader> Headers, long? TimestampMs);

/// <summary>A record as a client read it.</summary>
public sealed record IncomingRecord(long Offset, long TimestampMs, string? Key, string? Value, IReadOnlyList<RecordHeader> Headers)
{
    /// <summary>Everything that a client must give back as another wrote it, on one line.</summary>
    public string Content(bool withTimestamp) => Line(Offset, Key, Value, Headers, withTimestamp ? TimestampMs : null);

    /// <summary>The same for a record that was written, at the offset where it must stand.</summary>
    public static string Expected(long offset, OutgoingRecord record) => Line(offset, record.Key, record.Value, record.Headers, record.TimestampMs);

    private static string Line(long offset, string? key, string? value, IReadOnlyList<RecordHeader> headers, long? timestampMs) =>
        $"{offset} {key ?? "∅"} | {value ?? "∅"} | {string.Join(", ", headers)} | {timestampMs}";
}

/// <summary>The records that every client writes with every codec: with and without keys, values and headers, small and large, beyond ASCII.</summary>
public static class SampleRecords
{
    private const int CountPerPartition = 24;

    public static IEnumerable<OutgoingRecord> For(string codec, int codecIndex, int partitions, long startMs) =>
        from i in Enumerable.Range(0, CountPerPartition)
        from partition in Enumerable.Range(0, partitions)
        select new OutgoingRecord(partition, i % 5 == 1 ? null : $"key-{i}", Value(codec, i), Headers(i), startMs + (codecIndex * 1000) + (i * 10));

    private static string? Value(string codec, int i) => i switch
    {
        _ when i % 7 == 3 => null,
        12 => $"{codec} " + string.Concat(Enumerable.Range(0, 4000).Select(n => $"{n:x} ")),
        _ when i % 2 == 0 => $"{codec} value {i} {new string('x', i)}",
        _ => $"{codec} Gezeiten ≈ {i} 🌊",
    };

    private static RecordHeader[] Headers(int i) => (i % 4) switch
    {
        0 => [],
        1 => [new("gauge", $"{i}")],
        2 => [new("gauge", "first"), new("gauge", "second")],
        _ => [new("höhe", "½ m"), new("unit", "m")],
    };
}
