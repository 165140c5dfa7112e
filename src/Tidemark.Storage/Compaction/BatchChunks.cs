using System.Buffers;
using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Compaction;

/// <summary>Reads a sealed segment in pieces of whole batches, so that the work can be interrupted in between.</summary>
internal sealed class BatchChunks(Segment segment) : IDisposable
{
    private const int ChunkBytes = 1024 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Math.Min(ChunkBytes, Math.Max(segment.Size, RecordBatchHeader.Size)));
    private int _position;
    private int _length;

    /// <summary>The batches of the current piece, one behind the other.</summary>
    public ReadOnlySpan<byte> Current => _buffer.AsSpan(0, _length);

    /// <summary>Goes on to the next piece; false at the segment's end.</summary>
    /// <exception cref="IOException">The disk failed, or there is no batch where one must be.</exception>
    public bool MoveNext()
    {
        int left = segment.Size - _position;
        if (left <= 0)
        {
            return false;
        }

        while (true)
        {
            int read = segment.ReadAt(_position, _buffer.AsSpan(0, Math.Min(_buffer.Length, left)));
            int whole = 0;
            long next = 0;
            while (StoredBatch.TryRead(_buffer.AsSpan(whole, read - whole), out StoredBatch batch))
            {
                next = batch.SizeInBytes;
                if (next < StoredBatch.SizeMin || next > left - whole)
                {
                    throw new IOException($"{segment.File.Path} has no whole batch at {_position + whole}");
                }

                if (whole + next > read)
                {
                    break;
                }

                whole += (int)next;
            }

            if (whole > 0)
            {
                _length = whole;
                _position += whole;
                return true;
            }

            if (next <= _buffer.Length)
            {
                throw new IOException($"{segment.File.Path} ends within the batch at {_position}");
            }

            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent((int)next);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }
}
