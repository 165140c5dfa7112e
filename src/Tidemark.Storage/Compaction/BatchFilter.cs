using System.Buffers.Binary;
using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Compaction;

/// <summary>The last thing that a producer wrote: its last data batch's offset, -1 if only markers stand for it; and its epoch.</summary>
internal readonly record struct ProducerTail(long LastDataOffset, short Epoch);

/// <summary>
/// Decides what stays of a batch: of each key the last record; tombstones and markers without data until their horizon, which
/// the first run that meets them writes into the batch (KIP-534); nothing of aborted transactions; and of each producer its last
/// batch, emptied if need be, so that its sequence is not forgotten. Offsets never change.
/// </summary>
internal sealed class BatchFilter(
    OffsetMap map, TransactionFilter transactions, IReadOnlyDictionary<long, ProducerTail> producers, long nowMs, long deleteRetentionMs)
    : IDisposable
{
    private readonly RecordBatchBuilder _builder = new();
    private readonly byte[] _empty = new byte[BatchHead.Bytes];

    /// <summary>What is to be written instead of the batch; empty when it goes. Valid until the next call.</summary>
    /// <param name="target">The new segment, whose index of aborted transactions is kept up.</param>
    /// <exception cref="InvalidRecordException">The batch cannot be decompressed.</exception>
    public ReadOnlySpan<byte> Apply(ReadOnlySpan<byte> batch, BatchHead head, Segment target)
    {
        var header = new RecordBatchHeader(batch);
        bool horizonPassed = header.DeleteHorizonMs is { } horizon && horizon <= nowMs;
        if (!head.IsControl)
        {
            return transactions.IsAborted(head) ? Dropped(batch, head) : FilterRecords(batch, header, head, horizonPassed);
        }

        bool endsEmpty = transactions.EndsEmpty(batch, head, out AbortedTransaction? kept);
        if (kept is { } aborted)
        {
            target.Aborted.Append(aborted);
        }

        if (!endsEmpty)
        {
            return batch;
        }

        return horizonPassed || head.RecordCount == 0 ? Dropped(batch, head)
            : header.HasDeleteHorizon ? batch
            : Rebuild(header, header.Payload, null);
    }

    public void Dispose() => _builder.Dispose();

    private ReadOnlySpan<byte> FilterRecords(ReadOnlySpan<byte> batch, RecordBatchHeader header, BatchHead head, bool horizonPassed)
    {
        using BatchPayload payload = BatchPayload.Open(header);
        var kept = new bool[Math.Max(head.RecordCount, 0)];
        int count = 0;
        bool tombstones = false;
        var records = new RecordReader(header, payload.Bytes);
        for (int i = 0; records.MoveNext(out RecordView record); i++)
        {
            kept[i] = IsKept(record, horizonPassed);
            count += kept[i] ? 1 : 0;
            tombstones |= kept[i] && record.Value.IsNull;
        }

        records.ThrowIfFaulty();
        if (count == 0)
        {
            return Dropped(batch, head);
        }

        return count == kept.Length && (!tombstones || header.HasDeleteHorizon) ? batch : Rebuild(header, payload.Bytes, kept, tombstones);
    }

    private bool IsKept(RecordView record, bool horizonPassed)
    {
        if (record.Offset > map.LatestOffset)
        {
            return true;
        }

        return !record.Key.IsNull
            && record.Offset >= map.Get(record.Key.Span)
            && (!record.Value.IsNull || !horizonPassed);
    }

    private ReadOnlySpan<byte> Rebuild(RecordBatchHeader header, ReadOnlySpan<byte> payload, bool[]? kept, bool setsHorizon = true)
    {
        _builder.Reset(RecordBatchOptions.Like(header) with
        {
            LastOffset = header.LastOffset,
            DeleteHorizonMs = header.DeleteHorizonMs ?? (setsHorizon ? nowMs + deleteRetentionMs : null),
        });
        var records = new RecordReader(header, payload);
        for (int i = 0; records.MoveNext(out RecordView record); i++)
        {
            if (kept is null || kept[i])
            {
                _builder.Append(record);
            }
        }

        return _builder.Build().Span;
    }

    /// <summary>Nothing, or only the header when the producer's sequence stands in this batch.</summary>
    private ReadOnlySpan<byte> Dropped(ReadOnlySpan<byte> batch, BatchHead head)
    {
        bool isLast = head.HasProducerId && producers.TryGetValue(head.ProducerId, out ProducerTail tail)
            && (tail.LastDataOffset >= 0 ? head.LastOffset == tail.LastDataOffset : head.IsControl && head.ProducerEpoch == tail.Epoch);
        if (!isLast)
        {
            return default;
        }

        const short TypeTransactionalAndControl = 0x38;
        Span<byte> empty = _empty;
        batch[..BatchHead.Bytes].CopyTo(empty);
        BinaryPrimitives.WriteInt32BigEndian(empty[8..], BatchHead.Bytes - BatchHead.LengthPrefix);
        BinaryPrimitives.WriteInt16BigEndian(empty[21..], (short)(head.Attributes & TypeTransactionalAndControl));
        BinaryPrimitives.WriteInt64BigEndian(empty[27..], RecordBatchHeader.NoTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(empty[57..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(empty[17..], RecordBatchHeader.ComputeCrc(empty));
        return empty;
    }
}
