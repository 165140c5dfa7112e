using System.Buffers;
using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>Bytes that are written one after another into an array of the shared pool, which grows as needed. Whoever made it disposes it.</summary>
public sealed class PooledBytes : IBufferWriter<byte>, IDisposable
{
    private byte[] _array;
    private int _length;

    public PooledBytes(int capacity = 1024) => _array = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length => _length;

    /// <summary>What was written; until the next write or Dispose.</summary>
    public Memory<byte> Memory => _array.AsMemory(0, _length);

    public Span<byte> Span => _array.AsSpan(0, _length);

    public void Advance(int count)
    {
        Invariant.Require(count >= 0);
        Invariant.Require(count <= _array.Length - _length);
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsSpan(_length);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_array.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Forgets what was written after the first <paramref name="length"/> bytes and keeps the array.</summary>
    public void Truncate(int length)
    {
        Invariant.Require(length >= 0);
        Invariant.Require(length <= _length);
        _length = length;
    }

    public void Dispose()
    {
        byte[] array = _array;
        _array = [];
        _length = 0;
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }

    private void Reserve(int count)
    {
        if (count <= _array.Length - _length)
        {
            return;
        }

        long wanted = Math.Max((long)_length + count, Math.Min(2L * _array.Length, Array.MaxLength));
        byte[] larger = ArrayPool<byte>.Shared.Rent(checked((int)wanted));
        _array.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}
