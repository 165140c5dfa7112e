using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    /// <summary>
    /// A range of bytes from the batch that holds the offset on, within one segment and never past the bound, which the caller
    /// samples once (high watermark, last stable offset, or the log's end). Dispose the slice when its bytes are sent.
    /// </summary>
    /// <param name="from">The first offset wanted. At the bound or above it, up to the log's end, nothing is found and that is no error.</param>
    /// <param name="maxBytes">How much to give at most.</param>
    /// <param name="upperBoundExclusive">A batch boundary; records at or after it are not given.</param>
    /// <param name="atLeastOneBatch">The first batch is given whole although it is larger. Otherwise nothing is given then.</param>
    public LogSlice Read(Offset from, int maxBytes, Offset upperBoundExclusive, bool atLeastOneBatch)
    {
        int cuts = Volatile.Read(ref _cuts);
        if (cuts % 2 == 0)
        {
            LogSlice slice = ReadOnce(cuts, from, maxBytes, upperBoundExclusive, atLeastOneBatch);
            if (cuts == Volatile.Read(ref _cuts))
            {
                return slice;
            }

            slice.Dispose();
        }

        // The log was cut meanwhile: files that were short or missing are no failure of the disk, and what was found may be other records by now.
        lock (_gate)
        {
            return ReadOnce(_cuts, from, maxBytes, upperBoundExclusive, atLeastOneBatch);
        }
    }

    private LogSlice ReadOnce(int cuts, Offset from, int maxBytes, Offset upperBoundExclusive, bool atLeastOneBatch)
    {
        if (_failed)
        {
            return LogSlice.Failed;
        }

        // The end first: segments that are added later begin at or after it, and what it covers is written.
        LogEnd end = _end;
        Segment[] segments = _segments;
        if (from < LogStart || from.Value > end.Offset)
        {
            return LogSlice.OutOfRange;
        }

        long upper = Math.Min(upperBoundExclusive.Value, end.Offset);
        if (from.Value >= upper || (maxBytes <= 0 && !atLeastOneBatch))
        {
            return LogSlice.Empty;
        }

        try
        {
            return ReadFrom(end, segments, from.Value, upper, maxBytes, atLeastOneBatch);
        }
        catch (FileNotFoundException) when (from < LogStart)
        {
            // Retention took the segment between looking and opening.
            return LogSlice.OutOfRange;
        }
        catch (FileNotFoundException) when (!ReferenceEquals(segments, _segments))
        {
            // Compaction or a truncation replaced it; what stands there now is found at the second try.
            return ReadOnce(cuts, from, maxBytes, upperBoundExclusive, atLeastOneBatch);
        }
        catch (IOException) when (cuts != Volatile.Read(ref _cuts))
        {
            return LogSlice.Failed;
        }
        catch (IOException e)
        {
            Fence(e);
            return LogSlice.Failed;
        }
    }

    /// <summary>
    /// The aborted transactions that touch what was read, for read_committed. They are known as long as the log's start is not above where
    /// the reading began: then they may have gone with their segments.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public IReadOnlyList<AbortedTransaction> AbortedTransactions(Offset from, LogSlice read) => AbortedTransactions(from, read.OffsetBound);

    /// <summary>The aborted transactions that touch the range.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public IReadOnlyList<AbortedTransaction> AbortedTransactions(Offset from, Offset upperBoundExclusive)
    {
        try
        {
            try
            {
                return FindAborted(_segments, from, upperBoundExclusive);
            }
            catch (FileNotFoundException)
            {
                // Compaction is replacing a segment just now, or retention has removed it. It was renamed under this lock, and now what stands there
                // instead is known.
                lock (_gate)
                {
                    return FindAborted(_segments, from, upperBoundExclusive);
                }
            }
        }
        catch (IOException e)
        {
            Fence(e);
            throw;
        }
    }

    private static IReadOnlyList<AbortedTransaction> FindAborted(Segment[] segments, Offset from, Offset upperBoundExclusive)
    {
        List<AbortedTransaction>? found = null;
        for (int i = IndexOf(segments, from.Value); i < segments.Length; i++)
        {
            if (segments[i].Aborted.Entries == 0)
            {
                continue;
            }

            foreach (AbortedTransaction aborted in segments[i].Aborted.ReadAll())
            {
                if (aborted.LastOffset >= from.Value && aborted.FirstOffset < upperBoundExclusive.Value)
                {
                    (found ??= []).Add(aborted);
                }

                // Everything before this offset was settled when that transaction ended, so nothing later can reach into the range.
                if (aborted.LastStableOffset >= upperBoundExclusive.Value)
                {
                    return found ?? [];
                }
            }
        }

        return found ?? (IReadOnlyList<AbortedTransaction>)[];
    }

    private static LogSlice ReadFrom(LogEnd end, Segment[] segments, long from, long upper, int maxBytes, bool atLeastOneBatch)
    {
        for (int i = IndexOf(segments, from); i < segments.Length; i++)
        {
            Segment segment = segments[i];
            if (segment.BaseOffset >= upper)
            {
                break;
            }

            int limit = LimitOf(end, segments, i, upper);
            int firstBatch = 0;
            if ((!end.TryFind(from, segment, out int position) || position >= limit)
                && !segment.TryTranslate(Math.Max(from, segment.BaseOffset), limit, out position, out firstBatch))
            {
                continue;
            }

            int length = limit - position;
            if (length > maxBytes)
            {
                firstBatch = firstBatch > 0 ? firstBatch : BatchBytesAt(segment, position);
                length = firstBatch <= maxBytes ? maxBytes : atLeastOneBatch ? firstBatch : 0;
            }

            return length == 0 ? LogSlice.Empty : LogSlice.Of(
                segment, segment.File.Acquire(), position, length, i + 1 < segments.Length ? segments[i + 1].BaseOffset : end.Offset);
        }

        return LogSlice.Empty;
    }

    private static int LimitOf(LogEnd end, Segment[] segments, int index, long upper)
    {
        Segment segment = segments[index];
        bool isLast = ReferenceEquals(segment, end.Segment);
        int size = isLast ? end.Position : segment.Size;
        if (upper >= (isLast ? end.Offset : index + 1 < segments.Length ? segments[index + 1].BaseOffset : end.Offset))
        {
            return size;
        }

        return end.TryFind(upper, segment, out int position) || segment.TryTranslate(upper, size, out position, out _) ? position : size;
    }

    private static int BatchBytesAt(Segment segment, int position)
    {
        Span<byte> head = stackalloc byte[RecordBatchHeader.Size];
        return StoredBatch.TryRead(head[..segment.ReadAt(position, head)], out StoredBatch batch)
            ? checked((int)batch.SizeInBytes)
            : throw new IOException($"{segment.File.Path} ends within a batch at {position}");
    }
}
