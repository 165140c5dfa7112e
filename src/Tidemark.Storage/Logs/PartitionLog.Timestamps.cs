using System.Buffers;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    /// <summary>
    /// The first record at or after the log's start whose timestamp is not before the one asked for; null when there is none. The caller
    /// holds the answer against what its client may read.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidRecordException">A batch cannot be decompressed.</exception>
    public TimestampedOffset? OffsetForTimestamp(long timestamp) => AgainWhenReplaced(log => log.FindTimestamp(timestamp));

    /// <summary>The first of the records with the largest timestamp of all; null when no record has one.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidRecordException">A batch cannot be decompressed.</exception>
    public TimestampedOffset? MaxTimestampOffset() => AgainWhenReplaced(log => log.FindMaxTimestamp());

    private TimestampedOffset? AgainWhenReplaced(Func<PartitionLog, TimestampedOffset?> find)
    {
        try
        {
            return find(this);
        }
        catch (FileNotFoundException)
        {
            // Compaction or retention took a segment meanwhile. Under this lock what stands there instead is known.
            lock (_gate)
            {
                return find(this);
            }
        }
    }

    private TimestampedOffset? FindTimestamp(long timestamp)
    {
        LogEnd end = _end;
        foreach (Segment segment in _segments)
        {
            if (segment.BaseOffset > end.Offset || segment.MaxTimestamp.Timestamp < timestamp)
            {
                continue;
            }

            long start = Math.Max(segment.Times.Lookup(timestamp).Offset, LogStart.Value);
            long logStart = LogStart.Value;
            TimestampedOffset? found = FindRecord(
                segment,
                segment.Offsets.Lookup(start).Position,
                LimitOf(end, segment),
                head => head.MaxTimestamp >= timestamp && head.LastOffset >= logStart,
                (time, offset) => time >= timestamp && offset >= logStart);
            if (found is not null)
            {
                return found;
            }
        }

        return null;
    }

    private TimestampedOffset? FindMaxTimestamp()
    {
        LogEnd end = _end;
        Segment? newest = null;
        foreach (Segment segment in _segments)
        {
            if (segment.MaxTimestamp.Timestamp > (newest?.MaxTimestamp.Timestamp ?? -1))
            {
                newest = segment;
            }
        }

        if (newest is null)
        {
            return null;
        }

        (long largest, long last) = newest.MaxTimestamp;
        return FindRecord(
            newest,
            newest.Offsets.Lookup(last).Position,
            LimitOf(end, newest),
            head => head.MaxTimestamp == largest,
            (time, _) => time == largest);
    }

    private static int LimitOf(LogEnd end, Segment segment) => ReferenceEquals(segment, end.Segment) ? end.Position : segment.Size;

    private static TimestampedOffset? FindRecord(
        Segment segment, int position, int limit, Func<BatchTimes, bool> wantsBatch, Func<long, long, bool> wantsRecord)
    {
        Span<byte> headBytes = stackalloc byte[RecordBatchHeader.Size];
        while (position < limit)
        {
            int read = segment.ReadAt(position, headBytes[..Math.Min(headBytes.Length, limit - position)]);
            if (!StoredBatch.TryRead(headBytes[..read], out StoredBatch head) || head.SizeInBytes < StoredBatch.SizeMin || position + head.SizeInBytes > limit)
            {
                break;
            }

            int bytes = (int)head.SizeInBytes;
            if (wantsBatch(new BatchTimes(head.MaxTimestamp, head.LastOffset.Value)) && FindInBatch(segment, position, bytes, wantsRecord) is { } found)
            {
                return found;
            }

            position += bytes;
        }

        return null;
    }

    private static TimestampedOffset? FindInBatch(Segment segment, int position, int bytes, Func<long, long, bool> wants)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(bytes);
        try
        {
            if (segment.ReadAt(position, buffer.AsSpan(0, bytes)) < bytes)
            {
                throw new IOException($"{segment.File.Path} ends within the batch at {position}");
            }

            if (!StoredBatch.TryRead(buffer.AsSpan(0, bytes), out StoredBatch batch))
            {
                return null;
            }

            using StoredRecords records = batch.Records();
            while (records.MoveNext(out RecordView record))
            {
                if (wants(record.Timestamp, record.Offset))
                {
                    return new TimestampedOffset(record.Timestamp, new Offset(record.Offset), batch.LeaderEpoch);
                }
            }

            records.ThrowIfFaulty();
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What a batch's header says of time, for a question about it.</summary>
    private readonly record struct BatchTimes(long MaxTimestamp, long LastOffset);
}
