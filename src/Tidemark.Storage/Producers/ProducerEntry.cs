using Tidemark.Primitives;

namespace Tidemark.Storage.Producers;

/// <summary>A batch that a producer wrote, as far as it is needed to know it again.</summary>
internal readonly record struct BatchMemory(int FirstSequence, int LastSequence, long LastOffset, int OffsetDelta, long Timestamp)
{
    public long FirstOffset => LastOffset - OffsetDelta;
}

/// <summary>
/// What a partition remembers of one producer: its epoch, its last five batches (a client may have five requests in flight, and each
/// may be sent again), and the transaction that it has open here.
/// </summary>
internal sealed class ProducerEntry(long producerId)
{
    private const int BatchesMax = 5;
    private BatchMemory[] _batches = [];
    private int _count;

    public long ProducerId { get; } = producerId;

    public short Epoch { get; private set; } = -1;

    public int CoordinatorEpoch { get; set; } = -1;

    /// <summary>Of the last batch or marker; expiry counts from it.</summary>
    public long LastTimestamp { get; set; } = -1;

    /// <summary>Where the open transaction begins; -1 when none is open.</summary>
    public long CurrentTransactionFirstOffset { get; set; } = -1;

    public bool HasBatches => _count > 0;

    /// <summary>Of this epoch, the oldest first.</summary>
    public ReadOnlySpan<BatchMemory> Batches => _batches.AsSpan(0, _count);

    public int LastSequence => _count == 0 ? -1 : _batches[_count - 1].LastSequence;

    public long LastOffset => _count == 0 ? -1 : _batches[_count - 1].LastOffset;

    /// <summary>Finds a batch with exactly this epoch and these sequences.</summary>
    public bool TryFindDuplicate(short epoch, int firstSequence, int lastSequence, out BatchMemory found)
    {
        if (epoch == Epoch)
        {
            foreach (BatchMemory batch in _batches.AsSpan(0, _count))
            {
                if (batch.FirstSequence == firstSequence && batch.LastSequence == lastSequence)
                {
                    found = batch;
                    return true;
                }
            }
        }

        found = default;
        return false;
    }

    public void Remember(short epoch, BatchMemory batch)
    {
        BeginEpoch(epoch);
        if (_count == BatchesMax)
        {
            Array.Copy(_batches, 1, _batches, 0, BatchesMax - 1);
            _count--;
        }
        else if (_count == _batches.Length)
        {
            Array.Resize(ref _batches, _count == 0 ? 1 : BatchesMax);
        }

        _batches[_count++] = batch;
        LastTimestamp = batch.Timestamp;
    }

    /// <summary>A new epoch starts with no batches.</summary>
    public void BeginEpoch(short epoch)
    {
        if (epoch != Epoch)
        {
            Epoch = epoch;
            _count = 0;
        }
    }
}
