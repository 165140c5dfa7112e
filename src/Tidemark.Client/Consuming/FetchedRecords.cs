using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Client.Consuming;

/// <summary>Looks at a record; it is valid during the call only.</summary>
public delegate void RecordVisitor(TopicPartition partition, in RecordView record);

/// <summary>What one fetch brought. Its memory is pooled: dispose it when its records have been read.</summary>
public sealed class FetchedRecords(IReadOnlyList<FetchedPartition> partitions, Reply<FetchResponse>? reply) : IDisposable
{
    /// <summary>An answer that brought nothing.</summary>
    public static readonly FetchedRecords None = new([], null);

    /// <summary>The partitions of which something is known, those without new records too.</summary>
    public IReadOnlyList<FetchedPartition> Partitions => partitions;

    /// <summary>Bytes of batches, as they came.</summary>
    public long BatchBytes => partitions.Sum(partition => (long)partition.Batches.Length);

    /// <summary>Reads all records in order, partition by partition.</summary>
    public void ForEach(RecordVisitor visit)
    {
        foreach (FetchedPartition partition in partitions)
        {
            partition.ForEach(visit);
        }
    }

    public void Dispose() => reply?.Dispose();
}

/// <summary>What a fetch brought of one partition.</summary>
/// <param name="From">The first offset that was asked for; batches may begin before it.</param>
/// <param name="Next">Where reading goes on.</param>
public sealed record FetchedPartition(
    TopicPartition Partition, long From, long Next, long HighWatermark, long LogStartOffset, ReadOnlyMemory<byte> Batches)
{
    /// <summary>A decompressed batch larger than this is refused.</summary>
    private const int BatchBytesMax = 1 << 30;

    /// <summary>Up to where transactions are decided, which is as far as read_committed reads; null where all is read.</summary>
    public long? LastStableOffset { get; init; }

    /// <summary>The aborted transactions among the batches; empty where all is read.</summary>
    public IReadOnlyList<AbortedRange> Aborted { get; init; } = [];

    /// <summary>True when there was nothing beyond at the time of the answer.</summary>
    public bool IsAtEnd => Next >= (LastStableOffset ?? HighWatermark);

    /// <summary>Reads the records from <see cref="From"/> on, control records and those of aborted transactions left out.</summary>
    /// <exception cref="InvalidRecordException">A batch cannot be read.</exception>
    public void ForEach(RecordVisitor visit)
    {
        var aborted = new AbortedBatches(Aborted);
        ReadOnlySpan<byte> rest = Batches.Span;
        for (; StoredBatch.TryTake(rest, out StoredBatch batch); rest = rest[(int)batch.SizeInBytes..])
        {
            if ((!batch.IsLegacy && aborted.Has(batch.Header)) || batch.IsControl || batch.LastOffset.Value < From)
            {
                continue;
            }

            using StoredRecords reader = batch.Records(BatchBytesMax);
            while (reader.MoveNext(out RecordView record))
            {
                if (record.Offset >= From)
                {
                    visit(Partition, record);
                }
            }

            reader.ThrowIfFaulty();
        }
    }
}
