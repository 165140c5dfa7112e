using System.Buffers;
using System.Runtime.InteropServices;
using Tidemark.Primitives;

namespace Tidemark.Broker.Partitions;

/// <summary>Told that a partition it waits for has more to read, or will never have.</summary>
internal interface IReadWaiter
{
    /// <param name="bytes">About how much there is more; never less than there is.</param>
    void OnProgress(long bytes);
}

/// <summary>A waiter's place in one partition's list, known so that it can leave without a search.</summary>
internal sealed class ReadRegistration(Partition partition, IReadWaiter waiter)
{
    public Partition Partition => partition;

    public IReadWaiter Waiter => waiter;

    public int Index { get; set; } = -1;
}

/// <summary>
/// Who waits for a partition: readers for more to read, producers for their writes to be committed. The owner's lock guards it; what is
/// to be woken is taken out under the lock and woken outside, because waking reads other partitions.
/// </summary>
internal sealed class PartitionWaiters
{
    private readonly List<ReadRegistration> _readers = [];
    private readonly List<(Offset End, ICommitListener Listener, int Slot)> _writers = [];

    public bool HasReaders => _readers.Count > 0;

    public bool HasWriters => _writers.Count > 0;

    public void Add(ReadRegistration reader)
    {
        reader.Index = _readers.Count;
        _readers.Add(reader);
    }

    public void Remove(ReadRegistration reader)
    {
        int at = reader.Index;
        if (at < 0)
        {
            return;
        }

        ReadRegistration last = _readers[^1];
        _readers[at] = last;
        last.Index = at;
        _readers.RemoveAt(_readers.Count - 1);
        reader.Index = -1;
    }

    public void Add(Offset end, ICommitListener listener, int slot) => _writers.Add((end, listener, slot));

    public void Remove(ICommitListener listener) => _writers.RemoveAll(w => ReferenceEquals(w.Listener, listener));

    /// <summary>The readers as they are now, in a rented array; empty when there are none.</summary>
    public Wakeup TakeReaders(long bytes)
    {
        if (_readers.Count == 0)
        {
            return default;
        }

        ReadRegistration[] rented = ArrayPool<ReadRegistration>.Shared.Rent(_readers.Count);
        CollectionsMarshal.AsSpan(_readers).CopyTo(rented);
        return new Wakeup(rented, _readers.Count, bytes);
    }

    /// <summary>Takes out the writes for which <paramref name="decide"/> has an answer.</summary>
    public List<(ICommitListener Listener, int Slot, ErrorCode Error)>? TakeDecided(Func<Offset, ErrorCode?> decide)
    {
        List<(ICommitListener, int, ErrorCode)>? decided = null;
        int kept = 0;
        for (int i = 0; i < _writers.Count; i++)
        {
            if (decide(_writers[i].End) is { } error)
            {
                (decided ??= []).Add((_writers[i].Listener, _writers[i].Slot, error));
            }
            else
            {
                _writers[kept++] = _writers[i];
            }
        }

        _writers.RemoveRange(kept, _writers.Count - kept);
        return decided;
    }
}

/// <summary>Readers to be woken once the partition's lock is released.</summary>
internal readonly struct Wakeup(ReadRegistration[] readers, int count, long bytes)
{
    public void Run()
    {
        if (readers is null)
        {
            return;
        }

        for (int i = 0; i < count; i++)
        {
            readers[i].Waiter.OnProgress(bytes);
        }

        ArrayPool<ReadRegistration>.Shared.Return(readers, clearArray: true);
    }
}
