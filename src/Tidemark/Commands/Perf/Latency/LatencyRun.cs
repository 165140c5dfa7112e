using System.Buffers.Binary;
using System.Diagnostics;
using Tidemark.Records;

namespace Tidemark.Commands.Perf.Latency;

/// <summary>Records at a fixed rate, which began when this was made, and how long they took. Their values begin with the time of the call that produced them.</summary>
internal sealed class LatencyRun(long records, double rate, int size)
{
    /// <summary>What a value has at least: the time.</summary>
    public const int SizeMin = sizeof(long);

    private readonly long _began = Stopwatch.GetTimestamp();

    public long Records => records;

    public Percentiles Latency { get; } = new();

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    public long BytesRead => Latency.Count * size;

    public bool IsComplete => Latency.Count >= records;

    /// <summary>How long it is until a record's turn, not above zero when that has come.</summary>
    public TimeSpan Until(long index) => TimeSpan.FromSeconds(index / rate) - Elapsed;

    /// <summary>A value that is handed to the producer at that time.</summary>
    public byte[] Value(long sent)
    {
        byte[] value = new byte[size];
        BinaryPrimitives.WriteInt64BigEndian(value, sent);
        return value;
    }

    /// <summary>Counts a record that arrived at that time. Somebody else's, or one of an earlier run, carries no time of this one.</summary>
    public void Note(in RecordView record, long arrived)
    {
        if (record.Value.Length >= SizeMin && BinaryPrimitives.ReadInt64BigEndian(record.Value.Span) is var sent && sent >= _began && sent <= arrived)
        {
            Latency.Add(Stopwatch.GetElapsedTime(sent, arrived));
        }
    }
}
