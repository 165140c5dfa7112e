using System.Buffers;
using Tidemark.Records;
using Tidemark.Records.Legacy;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>Handed every batch of a scan: a view that begins with its head, and its position.</summary>
internal delegate void BatchVisitor(StoredBatch batch, int position);

/// <summary>How a scan ended: where the last whole batch ends, the offset after it, and what is wrong there, if anything is.</summary>
/// <param name="IsBehindVisited">Batches that the visitor has seen are wrong: what was learned of the segment has to be learned again.</param>
internal readonly record struct ScanEnd(int Position, long NextOffset, string? Fault, bool IsBehindVisited = false);

/// <summary>Reads a segment from batch to batch: whole with checksums, or the headers only.</summary>
internal static class SegmentScan
{
    private const int ChunkBytes = 256 * 1024;

    /// <summary>Reads every byte and checks every checksum, up to the first batch that is not whole and intact.</summary>
    /// <param name="mayHaveGaps">Compaction takes offsets away. Where it never ran, an offset that is too high is damage: no checksum covers it.</param>
    /// <param name="endMax">Where the segment's offsets end at the latest, because the next segment begins there.</param>
    public static ScanEnd Whole(Segment segment, bool mayHaveGaps, long endMax, BatchVisitor visit)
    {
        int size = segment.Size;
        int position = 0;
        long next = segment.BaseOffset;
        ScanEnd? beforeGap = null;
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
                if (!StoredBatch.TryTake(bytes, out StoredBatch batch))
                {
                    if (Fault(bytes, position, size) is { } fault)
                    {
                        return new ScanEnd(position, next, fault);
                    }

                    // The buffer ends within the batch: read on from its start, with room for all of it.
                    int needed = bytes.Length < HeadAt(position, size) ? HeadAt(position, size) : (int)batch.SizeInBytes;
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

                // Where a compressed message of old begins is not known without decompressing it.
                long first = batch.BaseOffset.Value, last = batch.LastOffset.Value;
                if (first < next && beforeGap is { } before && first >= before.NextOffset)
                {
                    // An offset in a gap that seemed to be compaction's: it is damaged, or the one behind the gap is.
                    return before with { Fault = $"offset {next - 1} comes before offset {first}", IsBehindVisited = true };
                }

                if (first < next || (first > next && !mayHaveGaps && batch.HasBaseOffset))
                {
                    return new ScanEnd(position, next, $"offset {first} where {next}{(mayHaveGaps ? " or a later one" : "")} was expected");
                }

                if (last - segment.BaseOffset > int.MaxValue || last >= endMax)
                {
                    return new ScanEnd(position, next, $"offset {last} is too far from the segment's base");
                }

                if (!batch.CrcIsValid())
                {
                    return new ScanEnd(position, next, $"the checksum of the batch at offset {first} is wrong");
                }

                if (first > next && batch.HasBaseOffset)
                {
                    beforeGap = new ScanEnd(position, next, null);
                }

                visit(batch, position);
                position += (int)batch.SizeInBytes;
                next = last + 1;
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
    /// Walks the headers from a batch boundary on. The visitor gets whole control batches and messages of old, and only the header of the others.
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
                if (at + HeadAt(position, size) > filled)
                {
                    (start, at) = (position, 0);
                    filled = file.Read(start, buffer.AsSpan(0, Math.Min(buffer.Length, size - start)));
                    if (filled < HeadAt(position, size))
                    {
                        return new ScanEnd(position, next, "the last batch is torn");
                    }
                }

                if (Fault(buffer.AsSpan(at, filled - at), position, size) is { } fault)
                {
                    return new ScanEnd(position, next, fault);
                }

                _ = StoredBatch.TryRead(buffer.AsSpan(at, filled - at), out StoredBatch batch);
                int bytes = (int)batch.SizeInBytes;
                if ((batch.IsControl || batch.IsLegacy) && at + bytes > filled)
                {
                    if (bytes > buffer.Length)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = ArrayPool<byte>.Shared.Rent(bytes);
                    }

                    (start, at) = (position, 0);
                    filled = file.Read(start, buffer.AsSpan(0, Math.Min(buffer.Length, size - start)));
                    _ = StoredBatch.TryRead(buffer.AsSpan(0, filled), out batch);
                }

                // One wrong bit makes a batch of today look like a message of old, and its end with it.
                if (batch.IsLegacy && (at + bytes > filled || !batch.CrcIsValid()))
                {
                    return new ScanEnd(position, next, $"the checksum of the message at offset {batch.LastOffset.Value} is wrong");
                }

                visit(batch, position);
                position += bytes;
                next = batch.LastOffset.Value + 1;
            }

            return new ScanEnd(position, next, null);
        }
        finally
        {
            segment.File.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The bytes from a position on that certainly tell what stands there.</summary>
    private static int HeadAt(int position, int size) => Math.Min(RecordBatchHeader.Size, size - position);

    /// <summary>What is wrong with the head; null when nothing is, so far as it is in the buffer.</summary>
    private static string? Fault(ReadOnlySpan<byte> bytes, int position, int size)
    {
        int left = size - position;
        if (bytes.Length < HeadAt(position, size))
        {
            return null;
        }

        if (!StoredBatch.TryRead(bytes, out StoredBatch batch))
        {
            return "the last batch is torn within its header";
        }

        int sizeMin = batch.IsLegacy ? LegacyMessage.SizeOfEmpty(batch.Magic) : RecordBatchHeader.Size;
        return batch.SizeInBytes < sizeMin ? $"a batch length of {batch.SizeInBytes - RecordBatchHeader.LengthOverhead} cannot be"
            : batch.SizeInBytes > left ? "the last batch is torn"
            : batch.Magic > RecordBatchHeader.CurrentMagic ? $"magic {batch.Magic} is not a record batch that can be read"
            : !batch.HasPlausibleOffsets ? "negative offsets"
            : null;
    }
}
