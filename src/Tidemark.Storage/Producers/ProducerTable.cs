using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Producers;

/// <summary>A producer as DescribeProducers tells it.</summary>
public readonly record struct ProducerDescription(
    long ProducerId, short Epoch, int LastSequence, long LastTimestamp, int CoordinatorEpoch, long CurrentTransactionStartOffset);

/// <summary>
/// All producers of a partition and their transactions. Idempotence (KIP-98): a batch is known again by producer, epoch and sequence.
/// The last stable offset ends before the first transaction that is open, or whose marker is not yet below the high watermark.
/// Owned and locked by the log; it holds nothing that the log does not hold too, so replaying the log gives the same table.
/// </summary>
internal sealed class ProducerTable
{
    private readonly Dictionary<long, ProducerEntry> _producers = [];

    /// <summary>First offsets of open transactions, and whose they are.</summary>
    private readonly SortedList<long, long> _open = [];

    /// <summary>First offset of transactions that ended, and the offset of the marker, until the high watermark passes it.</summary>
    private readonly SortedList<long, long> _unreplicated = [];

    public int Count => _producers.Count;

    public IReadOnlyCollection<ProducerEntry> Entries => _producers.Values;

    /// <summary>The smallest offset of a transaction that is open or whose end is not replicated; null when there is none.</summary>
    public long? FirstUnstableOffset
    {
        get
        {
            long open = _open.Count == 0 ? long.MaxValue : _open.Keys[0];
            long ended = _unreplicated.Count == 0 ? long.MaxValue : _unreplicated.Keys[0];
            long first = Math.Min(open, ended);
            return first == long.MaxValue ? null : first;
        }
    }

    /// <summary>Forgets everything and starts from these producers.</summary>
    public void Load(IEnumerable<ProducerEntry> producers)
    {
        Clear();
        foreach (ProducerEntry producer in producers)
        {
            _producers[producer.ProducerId] = producer;
            if (producer.CurrentTransactionFirstOffset >= 0)
            {
                _open[producer.CurrentTransactionFirstOffset] = producer.ProducerId;
            }
        }
    }

    public void Clear()
    {
        _producers.Clear();
        _open.Clear();
        _unreplicated.Clear();
    }

    /// <summary>
    /// Whether a client's batch may be appended: <see cref="ErrorCode.None"/>, a duplicate (then <paramref name="duplicate"/> is set), or
    /// why not. A producer that the partition does not know may start at any sequence: its older records may have been deleted.
    /// </summary>
    public ErrorCode Check(RecordBatchHeader batch, out BatchMemory? duplicate)
    {
        duplicate = null;
        if (Plants.IsOn(Plant.DuplicateAccepted))
        {
            return ErrorCode.None;
        }

        if (!_producers.TryGetValue(batch.ProducerId.Value, out ProducerEntry? producer))
        {
            return ErrorCode.None;
        }

        if (producer.TryFindDuplicate(batch.ProducerEpoch, batch.BaseSequence, batch.LastSequence, out BatchMemory found))
        {
            duplicate = found;
            return ErrorCode.None;
        }

        if (batch.ProducerEpoch < producer.Epoch)
        {
            return ErrorCode.InvalidProducerEpoch;
        }

        if (producer.Epoch < 0)
        {
            return ErrorCode.None;
        }

        int expected = batch.ProducerEpoch != producer.Epoch || !producer.HasBatches || producer.LastSequence == int.MaxValue
            ? 0
            : producer.LastSequence + 1;
        return batch.BaseSequence == expected ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber;
    }

    /// <summary>
    /// Whether a transaction marker may be appended: an older producer epoch, or one of an older coordinator, is refused, for it
    /// comes from a coordinator that has been replaced.
    /// </summary>
    public ErrorCode CheckMarker(RecordBatchHeader batch, TransactionMarker marker)
    {
        if (!_producers.TryGetValue(batch.ProducerId.Value, out ProducerEntry? producer))
        {
            return ErrorCode.None;
        }

        return batch.ProducerEpoch < producer.Epoch ? ErrorCode.InvalidProducerEpoch
            : marker.CoordinatorEpoch < producer.CoordinatorEpoch ? ErrorCode.TransactionCoordinatorFenced
            : ErrorCode.None;
    }

    /// <summary>Takes in a batch with data that stands in the log.</summary>
    public void Append(RecordBatchHeader batch)
    {
        ProducerEntry producer = Entry(batch.ProducerId.Value);
        producer.Remember(batch.ProducerEpoch, new BatchMemory(
            batch.BaseSequence, batch.LastSequence, batch.LastOffset.Value, batch.LastOffsetDelta, batch.MaxTimestamp));
        if (batch.IsTransactional && producer.CurrentTransactionFirstOffset < 0)
        {
            producer.CurrentTransactionFirstOffset = batch.BaseOffset.Value;
            _open[batch.BaseOffset.Value] = batch.ProducerId.Value;
        }
    }

    /// <summary>Takes in a transaction's marker; answers the aborted transaction if it is one that had data here.</summary>
    public AbortedTransaction? AppendMarker(RecordBatchHeader batch, TransactionMarker marker)
    {
        ProducerEntry producer = Entry(batch.ProducerId.Value);
        producer.BeginEpoch(batch.ProducerEpoch);
        producer.CoordinatorEpoch = Math.Max(marker.CoordinatorEpoch, producer.CoordinatorEpoch);
        producer.LastTimestamp = batch.BaseTimestamp;
        long first = producer.CurrentTransactionFirstOffset;
        if (first < 0)
        {
            return null;
        }

        producer.CurrentTransactionFirstOffset = -1;
        _open.Remove(first);
        _unreplicated[first] = batch.BaseOffset.Value;
        if (!marker.Aborts)
        {
            return null;
        }

        long stable = _open.Count > 0 ? _open.Keys[0] : batch.BaseOffset.Value + 1;
        return new AbortedTransaction(batch.ProducerId.Value, first, batch.BaseOffset.Value, stable);
    }

    /// <summary>Ended transactions whose marker everybody has no longer hold back the last stable offset.</summary>
    public void AdvanceHighWatermark(long highWatermark)
    {
        for (int i = _unreplicated.Count - 1; i >= 0; i--)
        {
            if (_unreplicated.Values[i] < highWatermark)
            {
                _unreplicated.RemoveAt(i);
            }
        }
    }

    /// <summary>The producers that wrote nothing for so long and have no transaction open go. Answers how many.</summary>
    public int Expire(long nowMs, long expirationMs)
    {
        List<long>? expired = null;
        foreach (ProducerEntry producer in _producers.Values)
        {
            if (producer.CurrentTransactionFirstOffset < 0 && nowMs - producer.LastTimestamp >= expirationMs)
            {
                (expired ??= []).Add(producer.ProducerId);
            }
        }

        foreach (long producerId in expired ?? [])
        {
            _producers.Remove(producerId);
        }

        return expired?.Count ?? 0;
    }

    public List<ProducerDescription> Describe() =>
    [
        .. _producers.Values.OrderBy(p => p.ProducerId).Select(p => new ProducerDescription(
            p.ProducerId, p.Epoch, p.LastSequence, p.LastTimestamp, p.CoordinatorEpoch, p.CurrentTransactionFirstOffset)),
    ];

    private ProducerEntry Entry(long producerId)
    {
        if (!_producers.TryGetValue(producerId, out ProducerEntry? producer))
        {
            producer = new ProducerEntry(producerId);
            _producers.Add(producerId, producer);
        }

        return producer;
    }
}
