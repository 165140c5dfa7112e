using Tidemark.Primitives;
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
    OffsetMap map,
    TransactionFilter transactions,
    IReadOnlyDictionary<long, ProducerTail> producers,
    long lastOffset,
    long nowMs,
    long deleteRetentionMs)
    : IDisposable
{
    private readonly RecordBatchBuilder _builder = new();
    private readonly byte[] _empty = new byte[RecordBatchHeader.Size];

    /// <summary>What is to be written instead of the batch; empty when it goes. Valid until the next call.</summary>
    /// <param name="target">The new segment, whose index of aborted transactions is kept up.</param>
    /// <exception cref="InvalidRecordException">The batch cannot be decompressed.</exception>
    public ReadOnlySpan<byte> Apply(StoredBatch batch, Segment target)
    {
        if (batch.IsLegacy)
        {
            return FilterLegacy(batch);
        }

        RecordBatchHeader header = batch.Header;
        bool horizonPassed = header.DeleteHorizonMs is { } horizon && horizon <= nowMs;
        if (!header.IsControl)
        {
            return transactions.IsAborted(header) ? Dropped(header) : FilterRecords(header, horizonPassed);
        }

        bool endsEmpty = transactions.EndsEmpty(header, out AbortedTransaction? kept);
        if (kept is { } aborted)
        {
            target.Aborted.Append(aborted);
        }

        if (!endsEmpty)
        {
            return header.Batch;
        }

        return horizonPassed || header.RecordCount == 0 ? Dropped(header)
            : header.HasDeleteHorizon ? header.Batch
            : Rebuild(header, header.Payload, null);
    }

    public void Dispose() => _builder.Dispose();

    private ReadOnlySpan<byte> FilterRecords(RecordBatchHeader header, bool horizonPassed)
    {
        using BatchPayload payload = BatchPayload.Open(header);
        var kept = new bool[Math.Max(header.RecordCount, 0)];
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
            return Dropped(header);
        }

        return count == kept.Length && (!tombstones || header.HasDeleteHorizon) ? header.Batch : Rebuild(header, payload.Bytes, kept, tombstones);
    }

    /// <summary>
    /// A message of formats 0 and 1 has no place for a horizon, so what is kept of one that has tombstones, or that loses records, is written
    /// anew in format 2, at the offsets that it had.
    /// </summary>
    private ReadOnlySpan<byte> FilterLegacy(StoredBatch batch)
    {
        bool isFirst = true, losesAny = false, tombstones = false;
        using StoredRecords records = batch.Records();
        while (records.MoveNext(out RecordView record))
        {
            if (!IsKept(record, horizonPassed: false))
            {
                losesAny = true;
                continue;
            }

            if (isFirst)
            {
                _builder.Reset(new RecordBatchOptions
                {
                    Codec = batch.Codec,
                    BaseOffset = new Offset(record.Offset),
                    LastOffset = batch.LastOffset,
                    LogAppendTimeMs = batch.TimestampType == TimestampType.LogAppendTime ? batch.MaxTimestamp : null,
                    DeleteHorizonMs = HasKeptTombstone(batch) ? nowMs + deleteRetentionMs : null,
                });
                isFirst = false;
            }

            tombstones |= record.Value.IsNull;
            _builder.Append(record);
        }

        records.ThrowIfFaulty();
        return isFirst ? default : losesAny || tombstones ? _builder.Build().Span : batch.Batch;
    }

    private bool HasKeptTombstone(StoredBatch batch)
    {
        using StoredRecords records = batch.Records();
        while (records.MoveNext(out RecordView record))
        {
            if (record.Value.IsNull && IsKept(record, horizonPassed: false))
            {
                return true;
            }
        }

        return false;
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

    /// <summary>
    /// Nothing, or only the header when the producer's sequence stands in this batch, or when it is the last one of the run: where the active segment is empty, a
    /// follower that never got beyond what is left here would never reach the leader's end.
    /// </summary>
    private ReadOnlySpan<byte> Dropped(RecordBatchHeader header)
    {
        bool isLast = header.HasProducerId && producers.TryGetValue(header.ProducerId.Value, out ProducerTail tail)
            && (tail.LastDataOffset >= 0 ? header.LastOffset.Value == tail.LastDataOffset : header.IsControl && header.ProducerEpoch == tail.Epoch);
        if (!isLast && header.LastOffset.Value != lastOffset)
        {
            return default;
        }

        header.WriteEmptied(_empty);
        return _empty;
    }
}
