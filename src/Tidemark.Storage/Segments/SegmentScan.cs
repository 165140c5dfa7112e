using System.Buffers;
using Tidemark.Records;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>Handed every batch of a scan: a view that begins with its header, and its position.</summary>
internal delegate void BatchVisitor(RecordBatchHeader head, int position);

/// <summary>How a scan ended: where the last whole batch ends, the offset after it, and what is wrong there, if anything is.</summary>
internal readonly record struct ScanEnd(int Position, long NextOffset, string? Fault);

/// <summary>Reads a segment from batch to batch: whole with checksums, or the headers only.</summary>
internal static class SegmentScan
{
    private const int ChunkBytes = 256 * 1024;

    /// <summary>Reads every byte and checks every checksum, up to the first batch that is not whole and intact.</summary>
    /// <param name="mayHaveGaps">Compaction takes offsets away. Where it never ran, an offset that is too high is damage: no checksum covers it.</param>
    public static ScanEnd Whole(Segment segment, bool mayHaveGaps, BatchVisitor visit)
    {
        int size = segment.Size;
        int position = 0;
        long next = segment.BaseOffset;
        if (size == 0)
        {
            return new ScanEnd(0, next, null);
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(size, ChunkBytes));
        IDiskFile file = segment.File.Acquire();
        try
        {
            int start = 0, filled = 0;
            while (position < size)
            {
                ReadOnlySpan<byte> bytes = buffer.AsSpan(position - start, filled - (position - start));
                bool whole = BatchFrame.TryTake(bytes, out RecordBatchHeader head);
                if (!whole)
                {
                    if (Fault(bytes, head, position, size) is { } fault)
                    {
                        return new ScanEnd(position, next, fault);
                    }

                    // The buffer ends within the batch: read on from its start, with room for all of it.
                    int needed = bytes.Length < RecordBatchHeader.Size ? RecordBatchHeader.Size : (int)head.SizeInBytes;
                    if (needed > buffer.Length)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = ArrayPool<byte>.Shared.Rent(needed);
                    }

                    start = position;
                    filled = file.Read(start, buffer.AsSpan(0, Math.Min(buffer.Length, size - start)));
                    if (filled < Math.Min(needed, size - start))
                    {
                        return new ScanEnd(position, next, "the file is shorter than it was when it was listed");
                    }

                    continue;
                }

                if (head.BaseOffset.Value < next || (head.BaseOffset.Value > next && !mayHaveGaps))
                {
                    return new ScanEnd(position, next, $"offset {head.BaseOffset.Value} where {next}{(mayHaveGaps ? " or a later one" : "")} was expected");
                }

                if (head.LastOffset.Value - segment.BaseOffset > int.MaxValue)
                {
                    return new ScanEnd(position, next, $"offset {head.LastOffset.Value} is too far from the segment's base");
                }

                if (!head.CrcIsValid())
                {
                    return new ScanEnd(position, next, $"the checksum of the batch at offset {head.BaseOffset.Value} is wrong");
                }

                visit(head, position);
                position += (int)head.SizeInBytes;
                next = head.LastOffset.Value + 1;
            }

            return new ScanEnd(position, next, null);
        }
        finally
        {
            segment.File.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Walks the headers from a batch boundary on. The visitor gets whole control batches and only the header of the others.
    /// </summary>
    public static ScanEnd Headers(Segment segment, int position, BatchVisitor visit)
    {
        int size = segment.Size;
        long next = segment.BaseOffset;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        IDiskFile file = segment.File.Acquire();
        try
        {
            int start = position, filled = 0;
            while (position < size)
            {
                int at = position - start;
                if (at + RecordBatchHeader.Size > filled)
                {
                    (start, at) = (position, 0);
                    filled = file.Read(start, buffer.AsSpan(0, Math.Min(buffer.Length, size - start)));
                    if (filled < RecordBatchHeader.Size)
                    {
                        return new ScanEnd(position, next, "the last batch is torn");
                    }
                }

                var head = new RecordBatchHeader(buffer.AsSpan(at, filled - at));
                if (Fault(buffer.AsSpan(at, filled - at), head, position, size) is { } fault)
                {
                    return new ScanEnd(position, next, fault);
                }

                int bytes = (int)head.SizeInBytes;
                if (head.IsControl && at + bytes > filled)
                {
                    if (bytes > buffer.Length)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = ArrayPool<byte>.Shared.Rent(bytes);
                    }

                    (start, at) = (position, 0);
                    filled = file.Read(start, buffer.AsSpan(0, Math.Min(buffer.Length, size - start)));
                    head = new RecordBatchHeader(buffer.AsSpan(0, filled));
                }

                visit(head, position);
                position += bytes;
                next = head.LastOffset.Value + 1;
            }

            return new ScanEnd(position, next, null);
        }
        finally
        {
            segment.File.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What is wrong with the header; null when nothing is, so far as it is in the buffer.</summary>
    private static string? Fault(ReadOnlySpan<byte> bytes, RecordBatchHeader head, int position, int size)
    {
        int left = size - position;
        if (left < RecordBatchHeader.Size)
        {
            return "the last batch is torn within its header";
        }

        return bytes.Length < RecordBatchHeader.Size ? null
            : head.SizeInBytes < RecordBatchHeader.Size ? $"a batch length of {head.SizeInBytes - RecordBatchHeader.LengthOverhead} cannot be"
            : head.SizeInBytes > left ? "the last batch is torn"
            : head.Magic != RecordBatchHeader.CurrentMagic ? $"magic {head.Magic} is not a record batch that can be read"
            : head.LastOffsetDelta < 0 || head.BaseOffset.Value < 0 ? "negative offsets"
            : null;
    }
}
