using System.Buffers;
using System.Numerics;

namespace Tidemark.Network.Buffers;

/// <summary>
/// Buffers for frames. Up to 64 KiB they are arrays; larger ones are native blocks, whose memory follows the bytes written rather
/// than the size asked for. Released buffers are used again last in, first out, since their pages are there already: on virtual
/// machines the first touch of a page costs more than the bytes in it. What is kept is bounded, and shrinks when it is not used.
/// </summary>
/// <remarks>In DEBUG builds a buffer that is collected without having been released is reported through <see cref="LeakFound"/>.</remarks>
public sealed class FrameBufferPool : MemoryPool<byte>
{
    private const int SmallestShift = 8;
    private const int ArrayShiftMax = 16;
    private const int BlockShiftMax = 30;

    /// <summary>What each class of arrays may keep: all of them together about a megabyte and a half.</summary>
    private const int ArrayBytesKeptPerClass = 192 * 1024;

    private readonly FreeList<byte[]>[] _arrays = [.. Enumerable.Range(SmallestShift, ArrayShiftMax - SmallestShift + 1).Select(_ => new FreeList<byte[]>())];
    private readonly FreeList<NativeBlock>[] _blocks = [.. Enumerable.Range(ArrayShiftMax + 1, BlockShiftMax - ArrayShiftMax).Select(_ => new FreeList<NativeBlock>())];
    private readonly long _keptBytesMax;
    private long _keptBytes;
    private long _rentedCount;

    /// <param name="keptBytesMax">The most memory in native blocks that is kept for later use.</param>
    public FrameBufferPool(long keptBytesMax = 32L << 20) => _keptBytesMax = keptBytesMax;

    /// <summary>Told in DEBUG builds of a buffer that nobody released, with where it was rented.</summary>
    public static event Action<string>? LeakFound;

    /// <summary>Buffers rented and not yet released.</summary>
    public long RentedCount => Interlocked.Read(ref _rentedCount);

    /// <summary>Bytes in native blocks kept for later use.</summary>
    public long KeptBytes => Interlocked.Read(ref _keptBytes);

    public override int MaxBufferSize => Array.MaxLength;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        int wanted = minBufferSize < 0 ? 4096 : minBufferSize;
        int shift = Math.Max(SmallestShift, wanted <= 1 ? 0 : BitOperations.Log2((uint)wanted - 1) + 1);
        Interlocked.Increment(ref _rentedCount);
        if (shift <= ArrayShiftMax)
        {
            byte[] array = _arrays[shift - SmallestShift].Take() ?? GC.AllocateUninitializedArray<byte>(1 << shift);
            return new Lease(this, shift, array, null);
        }

        NativeBlock? block = shift <= BlockShiftMax ? _blocks[shift - ArrayShiftMax - 1].Take() : null;
        if (block is null)
        {
            block = new NativeBlock(shift <= BlockShiftMax ? 1 << shift : wanted);
        }
        else
        {
            Interlocked.Add(ref _keptBytes, -block.TouchedBytes);
        }

        block.Touch(wanted);
        return new Lease(this, shift, null, block);
    }

    /// <summary>Gives back to the operating system what was not needed since the last call. The owner calls it every few seconds.</summary>
    public void Trim()
    {
        foreach (FreeList<NativeBlock> list in _blocks)
        {
            foreach (NativeBlock block in list.TakeUnused())
            {
                Interlocked.Add(ref _keptBytes, -block.TouchedBytes);
                block.Free();
            }
        }

        foreach (FreeList<byte[]> list in _arrays)
        {
            list.TakeUnused();
        }
    }

    protected override void Dispose(bool disposing)
    {
        foreach (FreeList<NativeBlock> list in _blocks)
        {
            while (list.Take() is { } block)
            {
                Interlocked.Add(ref _keptBytes, -block.TouchedBytes);
                block.Free();
            }
        }
    }

    private static void ReportLeak(string rentedAt) =>
        LeakFound?.Invoke($"A buffer was never released. It was rented at{Environment.NewLine}{rentedAt}");

    private void Release(int shift, byte[]? array, NativeBlock? block)
    {
        Interlocked.Decrement(ref _rentedCount);
        if (array is not null)
        {
            _arrays[shift - SmallestShift].Put(array, Math.Max(2, ArrayBytesKeptPerClass >> shift));
        }
        else if (shift > BlockShiftMax || Interlocked.Add(ref _keptBytes, block!.TouchedBytes) > _keptBytesMax)
        {
            Interlocked.Add(ref _keptBytes, shift > BlockShiftMax ? 0 : -block!.TouchedBytes);
            block!.Free();
        }
        else
        {
            _blocks[shift - ArrayShiftMax - 1].Put(block, int.MaxValue);
        }
    }

    private sealed class Lease : IMemoryOwner<byte>
    {
        private readonly int _shift;
        private readonly byte[]? _array;
        private readonly NativeBlock? _block;
        private FrameBufferPool? _pool;

        public Lease(FrameBufferPool pool, int shift, byte[]? array, NativeBlock? block)
        {
            (_pool, _shift, _array, _block) = (pool, shift, array, block);
#if DEBUG
            _rentedAt = new System.Diagnostics.StackTrace(2, false);
#endif
        }

#if DEBUG
        private readonly System.Diagnostics.StackTrace _rentedAt;

        ~Lease()
        {
            if (_pool is not null)
            {
                ReportLeak(_rentedAt.ToString());
            }
        }
#endif

        public Memory<byte> Memory
        {
            get
            {
                ObjectDisposedException.ThrowIf(_pool is null, this);
                return _block is null ? _array : _block.Memory;
            }
        }

        public void Dispose()
        {
            Interlocked.Exchange(ref _pool, null)?.Release(_shift, _array, _block);
#if DEBUG
            GC.SuppressFinalize(this);
#endif
        }
    }
}
