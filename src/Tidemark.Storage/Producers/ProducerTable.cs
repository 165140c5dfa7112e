using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;
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

    /// <summary>Producers whose next transaction here is being verified; null in nearly every log, which never sees one.</summary>
    private Dictionary<long, Verification>? _verifications;

    public bool IsEmpty => _producers.Count == 0 && _verifications is not { Count: > 0 };

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
        _verifications = null;
    }

    /// <summary>
    /// Whether a batch with data may be appended: <see cref="ErrorCode.None"/>, a duplicate (then <paramref name="duplicate"/> is set), or
    /// why not. A producer that the partition does not know may start at any sequence: its older records may have been deleted. A
    /// coordinator's batches carry no sequences.
    /// </summary>
    public ErrorCode Check(RecordBatchHeader batch, in AppendTerms terms, out BatchMemory? duplicate)
    {
        duplicate = null;
        bool fromClient = terms.Origin == AppendOrigin.Client;
        if (fromClient && Plants.IsOn(Plant.DuplicateAccepted))
        {
            return ErrorCode.None;
        }

        _producers.TryGetValue(batch.ProducerId.Value, out ProducerEntry? producer);
        if (fromClient && producer is not null
            && producer.TryFindDuplicate(batch.ProducerEpoch, batch.BaseSequence, batch.LastSequence, out BatchMemory found))
        {
            duplicate = found;
            return ErrorCode.None;
        }

        if (producer is not null && batch.ProducerEpoch < producer.Epoch)
        {
            return ErrorCode.InvalidProducerEpoch;
        }

        Verification? verification = VerificationOf(batch.ProducerId.Value);
        if (batch.IsTransactional && !HasOpen(producer, batch.ProducerEpoch) && !Plants.IsOn(Plant.LateVerificationTaken))
        {
            if (!ReferenceEquals(terms.Guard, VerificationGuard.NotNeeded) && (terms.Guard is null || !ReferenceEquals(terms.Guard, verification?.Guard)))
            {
                return ErrorCode.InvalidTxnState;
            }
        }

        if (fromClient && !IsInSequence(batch, producer, verification))
        {
            return ErrorCode.OutOfOrderSequenceNumber;
        }

        return producer is { CurrentTransactionFirstOffset: >= 0 } && !batch.IsTransactional ? ErrorCode.InvalidTxnState : ErrorCode.None;
    }

    /// <summary>
    /// Begins to verify that the transaction's coordinator knows of the producer's writes to this partition, before the first of them
    /// (KIP-890). None, and a guard to append with once the coordinator has agreed, or no guard when the transaction is open here.
    /// </summary>
    /// <param name="nowMs">From here on the verification expires like a producer.</param>
    /// <param name="addsPartition">The coordinator is asked to add the partition, by a client whose every transaction has an epoch of its own.</param>
    public ErrorCode BeginVerification(long producerId, short epoch, int sequence, bool addsPartition, long nowMs, out VerificationGuard? guard)
    {
        guard = null;
        _producers.TryGetValue(producerId, out ProducerEntry? producer);
        if (producer is not null && epoch < producer.Epoch)
        {
            return ErrorCode.InvalidProducerEpoch;
        }

        if (!HasOpen(producer, epoch))
        {
            _verifications ??= [];
            if (!_verifications.TryGetValue(producerId, out Verification? verification))
            {
                verification = new Verification(epoch, sequence, addsPartition, nowMs);
                _verifications.Add(producerId, verification);
            }

            verification.Join(epoch, sequence);
            guard = verification.Guard;
        }

        return ErrorCode.None;
    }

    /// <summary>
    /// Whether a transaction marker may be appended: an older producer epoch, or one of an older coordinator, is refused, for it
    /// comes from a coordinator that has been replaced. From transaction version 2 on every transaction ends in an epoch of its own, so a
    /// marker does not end what was begun in its epoch: it came late (KIP-1228). Where nothing is open it is a marker that came twice.
    /// </summary>
    public ErrorCode CheckMarker(RecordBatchHeader batch, TransactionMarker marker, short transactionVersion)
    {
        if (!_producers.TryGetValue(batch.ProducerId.Value, out ProducerEntry? producer))
        {
            return ErrorCode.None;
        }

        // The largest epoch is only for fencing: nobody can have begun anything in it.
        bool isLate = batch.ProducerEpoch < producer.Epoch
            || (transactionVersion >= 2 && HasOpen(producer, batch.ProducerEpoch) && batch.ProducerEpoch != short.MaxValue);
        return isLate && !Plants.IsOn(Plant.LateMarkerAccepted) ? ErrorCode.InvalidProducerEpoch
            : marker.CoordinatorEpoch < producer.CoordinatorEpoch && !Plants.IsOn(Plant.ReplacedCoordinatorHeard) ? ErrorCode.TransactionCoordinatorFenced
            : ErrorCode.None;
    }

    /// <summary>Takes in a batch with data that stands in the log.</summary>
    public void Append(RecordBatchHeader batch)
    {
        ProducerEntry producer = Entry(batch.ProducerId.Value);
        producer.Remember(batch.ProducerEpoch, new BatchMemory(
            batch.BaseSequence, batch.LastSequence, batch.LastOffset.Value, batch.LastOffsetDelta, batch.MaxTimestamp));
        if (!batch.IsTransactional)
        {
            return;
        }

        // From here on the open transaction itself says that more may follow.
        _verifications?.Remove(batch.ProducerId.Value);
        if (producer.CurrentTransactionFirstOffset < 0)
        {
            producer.CurrentTransactionFirstOffset = batch.BaseOffset.Value;
            _open[batch.BaseOffset.Value] = batch.ProducerId.Value;
        }
    }

    /// <summary>Takes in a transaction's marker; answers the aborted transaction if it is one that had data here.</summary>
    /// <param name="transactionVersion">Of the transaction that it ends, where a coordinator writes it; 0 where nobody tells.</param>
    public AbortedTransaction? AppendMarker(RecordBatchHeader batch, TransactionMarker marker, short transactionVersion)
    {
        // What the coordinator agreed to before this marker is said of a transaction that is over. But the next one may be verified already:
        // its client begins it while the end of the one before is still on its way here.
        if (transactionVersion < 2 || VerificationOf(batch.ProducerId.Value) is not { } verification || !verification.Outlasts(batch.ProducerEpoch))
        {
            _verifications?.Remove(batch.ProducerId.Value);
        }

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

        foreach ((long producerId, Verification verification) in _verifications ?? [])
        {
            if (nowMs - verification.StartedMs >= expirationMs)
            {
                // Removing the current one does not disturb going on.
                _verifications!.Remove(producerId);
            }
        }

        return expired?.Count ?? 0;
    }

    public List<ProducerDescription> Describe() =>
    [
        .. _producers.Values.OrderBy(p => p.ProducerId).Select(p => new ProducerDescription(
            p.ProducerId, p.Epoch, p.LastSequence, p.LastTimestamp, p.CoordinatorEpoch, p.CurrentTransactionFirstOffset)),
    ];

    private static bool HasOpen(ProducerEntry? producer, short epoch) =>
        producer is { CurrentTransactionFirstOffset: >= 0 } && producer.Epoch == epoch;

    private static bool IsInSequence(RecordBatchHeader batch, ProducerEntry? producer, Verification? verification)
    {
        if (verification is not null && !verification.Admits(batch.BaseSequence, producer is { HasBatches: true }))
        {
            return false;
        }

        if (producer is null || producer.Epoch < 0)
        {
            return true;
        }

        int expected = batch.ProducerEpoch != producer.Epoch || !producer.HasBatches || producer.LastSequence == int.MaxValue
            ? 0
            : producer.LastSequence + 1;
        return batch.BaseSequence == expected;
    }

    private Verification? VerificationOf(long producerId) =>
        _verifications is not null && _verifications.TryGetValue(producerId, out Verification? verification) ? verification : null;

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
