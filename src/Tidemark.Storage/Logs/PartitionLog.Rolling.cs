using Tidemark.Primitives;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>When a segment is full, and how the next one begins.</summary>
public sealed partial class PartitionLog
{
    /// <summary>Begins a new segment at the log's end, unless the active one is empty.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Roll()
    {
        lock (_gate)
        {
            RequireUsable();
            GuardWrites(() =>
            {
                if (_segments[^1].Size > 0)
                {
                    RollTo(_end.Offset);
                }
            });
        }
    }

    private bool MustRoll(Segment active, LogOptions options, int bytes, long lastOffset, long maxTimestamp)
    {
        if (lastOffset - active.BaseOffset > int.MaxValue)
        {
            return true;
        }

        if (active.Size == 0)
        {
            return false;
        }

        if ((long)active.Size + bytes > options.SegmentBytes
            || active.Offsets.Entries >= options.IndexBytesMax / OffsetIndex.EntryBytes
            || active.Times.Entries >= (options.IndexBytesMax / TimeIndex.EntryBytes) - 1)
        {
            return true;
        }

        // By the records' own time, so that replicas roll alike; by the clock only where there are no timestamps.
        long waited = active.FirstTimestamp >= 0 && maxTimestamp >= 0
            ? maxTimestamp - active.FirstTimestamp
            : _surroundings.NowMs - active.CreatedMs;
        return waited > options.SegmentAgeMsMax - Jitter(active, options);
    }

    /// <summary>Spread evenly by partition and segment; the same on every replica and in every run.</summary>
    private long Jitter(Segment active, LogOptions options)
    {
        long range = Math.Min(options.SegmentJitterMs, options.SegmentMs);
        if (range <= 0)
        {
            return 0;
        }

        ulong hash = 14695981039346656037;
        foreach (char c in Partition.Topic)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        hash = (hash ^ (uint)Partition.Partition) * 1099511628211;
        hash = (hash ^ (ulong)active.BaseOffset) * 1099511628211;
        return (long)((hash >> 11) % (ulong)range);
    }

    private void RollTo(long baseOffset)
    {
        Segment last = _segments[^1];
        if (last.BaseOffset == baseOffset)
        {
            Invariant.Require(last.Size == 0);
            return;
        }

        if (last.Size == 0)
        {
            // It never held anything, and its base would only be in the way.
            _segments = [.. _segments.AsSpan()[..^1], NewSegment(baseOffset)];
            last.Delete();
        }
        else
        {
            last.Seal(durable: false);
            _segments = [.. _segments, NewSegment(baseOffset)];
        }

        _end = new LogEnd(_end.Offset, _segments[^1], 0, null);
        _unwrittenSnapshots.Add((baseOffset, ProducerSnapshot.Encode(_producers.Entries)));
        if (_unwrittenSnapshots.Count > 8)
        {
            // Whoever should flush is far behind. Each later snapshot can stand in for an earlier one.
            _unwrittenSnapshots.RemoveAt(0);
        }

        _surroundings.Events.Rolled(this, new Offset(baseOffset));
    }

    private Segment NewSegment(long baseOffset)
    {
        var segment = new Segment(
            _surroundings.Disk, _surroundings.Files, Directory, baseOffset, SegmentLengths.Empty, _surroundings.NowMs);
        segment.Create();
        return segment;
    }

    private void GuardWrites(Action work)
    {
        try
        {
            work();
        }
        catch (IOException e)
        {
            Fence(e);
            throw;
        }
    }
}
