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
/// <param name="partition">Where it waits.</param>
/// <param name="waiter">Whom to tell.</param>
/// <param name="ofReplica">A replica's fetch waits for the log's end, a consumer's for the high watermark.</param>
internal sealed class ReadRegistration(Partition partition, IReadWaiter waiter, bool ofReplica)
{
    public bool OfReplica => ofReplica;

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
    private readonly List<ReadRegistration> _consumers = [];
    private readonly List<ReadRegistration> _replicas = [];
    private readonly List<(Offset End, ICommitListener Listener, int Slot)> _writers = [];

    public bool HasWriters => _writers.Count > 0;

    public void Add(ReadRegistration reader)
    {
        List<ReadRegistration> readers = ListOf(reader);
        reader.Index = readers.Count;
        readers.Add(reader);
    }

    public void Remove(ReadRegistration reader)
    {
        int at = reader.Index;
        if (at < 0)
        {
            return;
        }

        List<ReadRegistration> readers = ListOf(reader);
        ReadRegistration last = readers[^1];
        readers[at] = last;
        last.Index = at;
        readers.RemoveAt(readers.Count - 1);
        reader.Index = -1;
    }

    public void Add(Offset end, ICommitListener listener, int slot) => _writers.Add((end, listener, slot));

    public void Remove(ICommitListener listener) => _writers.RemoveAll(w => ReferenceEquals(w.Listener, listener));

    /// <summary>Everyone who reads, as they are now, in a rented array; empty when there are none.</summary>
    public Wakeup TakeReaders(long bytes) => Take(_consumers.Count + _replicas.Count, CollectionsMarshal.AsSpan(_consumers), bytes);

    /// <summary>The replicas that wait for the log to grow.</summary>
    public Wakeup TakeReplicas(long bytes) => Take(_replicas.Count, [], bytes);

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

    private List<ReadRegistration> ListOf(ReadRegistration reader) => reader.OfReplica ? _replicas : _consumers;

    private Wakeup Take(int count, ReadOnlySpan<ReadRegistration> consumers, long bytes)
    {
        if (count == 0)
        {
            return default;
        }

        ReadRegistration[] rented = ArrayPool<ReadRegistration>.Shared.Rent(count);
        consumers.CopyTo(rented);
        CollectionsMarshal.AsSpan(_replicas).CopyTo(rented.AsSpan(consumers.Length));
        return new Wakeup(rented, count, bytes);
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
