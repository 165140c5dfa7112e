using Tidemark.Primitives;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    /// <summary>
    /// Removes everything at and after the offset. Epochs and producers go back with it, epochs also when the log itself was short enough
    /// already (KAFKA-10706).
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
                        Epochs.TruncateFromEnd(offset);
                    }

                    return false;
                }

                if (_segments[0].BaseOffset > offset.Value)
                {
                    GuardWrites(() => StartAt(offset.Value));
                    return true;
                }

                GuardWrites(() => CutTo(offset.Value));
                return true;
            }
    }

    /// <summary>Removes everything and starts again at the offset, as a follower does whose leader has nothing earlier.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void TruncateFullyAndStartAt(Offset offset)
    {
        lock (_flushGate)
            lock (_gate)
            {
                RequireUsable();
                GuardWrites(() => StartAt(offset.Value));
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

        Volatile.Write(ref _recoveryPoint, Math.Min(_recoveryPoint, offset));
        Volatile.Write(ref _logStart, Math.Min(_logStart, offset));
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

    private void StartAt(long offset)
    {
        Segment[] segments = _segments;
        RemoveSnapshotsAfter(-1);
        _producers.Clear();
        Epochs.Clear();
        for (int i = segments.Length - 1; i >= 0; i--)
        {
            segments[i].Delete();
        }

        Segment fresh = NewSegment(offset);
        _segments = [fresh];
        _end = new LogEnd(offset, fresh, 0, null);
        _namesFlushedFor = -1;
        Volatile.Write(ref _logStart, offset);
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
