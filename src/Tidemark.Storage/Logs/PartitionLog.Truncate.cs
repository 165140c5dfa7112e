using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    /// <summary>
    /// Removes everything at and after the offset. Epochs and producers go back with it, epochs also when the log itself was short enough
    /// already (KAFKA-10706). A batch goes whole: the log ends where the one begins that held the offset. Kafka ends it at the offset, and the missing
    /// ones before it are then between batches of a log that was never compacted, which recovery takes for damage.
    /// </summary>
    /// <returns>True when records were removed.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public bool TruncateTo(Offset offset)
    {
        Invariant.Require(offset.Value >= 0);
        lock (_flushGate)
            lock (_gate)
            {
                RequireUsable();
                if (offset.Value >= _end.Offset)
                {
                    if (!Plants.IsOn(Plant.EpochsNotTrimmed))
                    {
                        Epochs.TruncateFromEnd(LogEndOffset);
                    }

                    return false;
                }

                long end = 0;
                GuardWrites(() => end = BatchStart(offset.Value));
                if (_segments[0].BaseOffset > offset.Value)
                {
                    Cut(offset.Value, () => StartAt(offset.Value, offset.Value));
                }
                else if (end < _logStart && offset.Value >= _logStart)
                {
                    // Nothing is left that may be read.
                    Cut(_logStart, () => StartAt(_logStart, _logStart));
                }
                else
                {
                    Cut(end, () => CutTo(end));
                }

                return true;
            }
    }

    /// <summary>Where the batch begins that holds the offset; the offset itself where none does.</summary>
    private long BatchStart(long offset)
    {
        Segment segment = _segments[IndexOf(_segments, offset)];
        Span<byte> head = stackalloc byte[RecordBatchHeader.Size];
        return segment.TryTranslate(offset, segment.Size, out int position, out int bytes)
            && StoredBatch.TryRead(head[..segment.ReadAt(position, head[..Math.Min(head.Length, bytes)])], out StoredBatch batch)
            && batch.HasBaseOffset
            ? Math.Min(batch.BaseOffset.Value, offset)
            : offset;
    }

    /// <summary>
    /// Removes what the last recovery kept under a leader epoch above the newest that there ever was. The epoch's field is damaged, which recovery
    /// sees only where another batch follows; no follower would get past it, since its leader knows of no such epoch. What was flushed stays
    /// whatever it says: it is not damage of that kind.
    /// </summary>
    /// <param name="newest">From the metadata of this moment.</param>
    /// <returns>True when records were removed.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public bool RemoveEpochsAbove(LeaderEpoch newest)
    {
        if (Epochs.StartAbove(newest) is not { } start || start.Value < _unflushedFrom || start >= LogEndOffset)
        {
            return false;
        }

        _surroundings.Events.Repaired(Directory, $"leader epoch {Epochs.Latest} at offset {start} is damage, the newest is {newest}; the log is cut off there");
        return TruncateTo(start);
    }

    /// <summary>Removes everything and starts again at the offset, as a follower does whose leader has nothing earlier.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void TruncateFullyAndStartAt(Offset offset)
    {
        lock (_flushGate)
            lock (_gate)
            {
                RequireUsable();
                Cut(offset.Value, () => StartAt(offset.Value, offset.Value));
            }
    }

    /// <summary>
    /// Moves the log's start forward (DeleteRecords, or a follower that hears of its leader's). Whole segments below are removed by the
    /// next <see cref="Retain"/>. Producers are not forgotten. The caller has checked that the offset is not above the high watermark.
    /// </summary>
    /// <returns>True when the start moved.</returns>
    public bool AdvanceLogStart(Offset start)
    {
        lock (_gate)
        {
            if (start.Value <= _logStart || start.Value > _end.Offset)
            {
                return false;
            }

            Volatile.Write(ref _logStart, start.Value);
            Epochs.TruncateFromStart(start);
            return true;
        }
    }

    /// <summary>
    /// What the checkpoints say of this log is taken back first: a recovery that began above the cut would not look at what comes in its
    /// place, and a log start above the log's end would have everything removed.
    /// </summary>
    private void Cut(long offset, Action work)
    {
        Interlocked.Increment(ref _cuts);
        try
        {
            if (_recoveryPoint > offset)
            {
                Volatile.Write(ref _recoveryPoint, offset);
            }

            if (_logStart > offset)
            {
                Volatile.Write(ref _logStart, offset);
            }

            _indexesFlushedTo = Math.Min(_indexesFlushedTo, offset);
            _surroundings.Events.GoesBack(this, new Offset(offset));
            RequireUsable();
            GuardWrites(work);
        }
        finally
        {
            Interlocked.Increment(ref _cuts);
        }
    }

    /// <summary>
    /// The leader's first batch begins before this log, which is empty: the log's start lies within it (DeleteRecords). A batch is kept whole, so
    /// the log begins where the batch does; its start stays where it is.
    /// </summary>
    private void MakeRoomBefore(ReadOnlySpan<byte> batches, LeaderEpoch? newest)
    {
        if (_failed || _end.Offset != LogStart.Value || !Straddles(batches, newest, _end.Offset, out long first))
        {
            return;
        }

        lock (_flushGate)
            lock (_gate)
            {
                if (!_failed && _end.Offset == _logStart && Straddles(batches, newest, _end.Offset, out first))
                {
                    long start = _logStart;
                    Cut(first, () => StartAt(first, start));
                }
            }

        static bool Straddles(ReadOnlySpan<byte> batches, LeaderEpoch? newest, long offset, out long first)
        {
            first = TryTakeUpTo(newest, batches, out StoredBatch batch) ? batch.BaseOffset.Value : long.MaxValue;
            return first < offset && batch.LastOffset.Value >= offset && batch.CrcIsValid();
        }
    }

    private void CutTo(long offset)
    {
        Segment[] segments = _segments;
        int keep = IndexOf(segments, offset) + 1;
        if (keep > 1 && segments[keep - 1].BaseOffset == offset)
        {
            // Exactly at a boundary; the segment stays as the empty active one, as after a roll.
            segments[keep - 1].CutAt(offset, 0);
        }
        else
        {
            segments[keep - 1].TruncateTo(offset);
        }

        _segments = segments[..keep];
        Segment active = _segments[^1];
        _end = new LogEnd(offset, active, active.Size, null);
        _namesFlushedFor = -1;

        // The newest first, so that a crash in between leaves a log without gaps.
        for (int i = segments.Length - 1; i >= keep; i--)
        {
            segments[i].Delete();
        }

        Epochs.TruncateFromEnd(new Offset(offset));
        Epochs.Persist(_surroundings.Disk);
        RemoveSnapshotsAfter(offset);
        if (Plants.IsOn(Plant.ProducerStateNotCut))
        {
            return;
        }

        ProducerLoader.Load(_surroundings, Directory, _producers, _snapshots, _segments, offset);
        PublishFirstUnstable();
    }

    /// <param name="start">The log's start, which may lie within the first batch that will come.</param>
    private void StartAt(long offset, long start)
    {
        Segment[] segments = _segments;
        RemoveSnapshotsAfter(-1);
        _producers.Clear();
        Epochs.Clear();
        for (int i = segments.Length - 1; i >= 0; i--)
        {
            segments[i].Delete();
        }

        // Recovery will begin here from now on and not look at what a loss of power brought back of the segments before.
        _surroundings.Disk.SyncDirectory(Directory);
        Segment fresh = NewSegment(offset);
        _segments = [fresh];
        _end = new LogEnd(offset, fresh, 0, null);
        _namesFlushedFor = -1;
        _indexesFlushedTo = offset;
        Volatile.Write(ref _logStart, start);
        Volatile.Write(ref _recoveryPoint, offset);
        Epochs.Persist(_surroundings.Disk);
        PublishFirstUnstable();
    }

    private void RemoveSnapshotsAfter(long offset)
    {
        _unwrittenSnapshots.RemoveAll(snapshot => snapshot.Offset > offset);
        for (int i = _snapshots.Count - 1; i >= 0 && _snapshots[i] > offset; i--)
        {
            _surroundings.Disk.DeleteFile(SegmentNames.Of(Directory, _snapshots[i], ProducerSnapshot.Suffix));
            _snapshots.RemoveAt(i);
        }
    }
}
