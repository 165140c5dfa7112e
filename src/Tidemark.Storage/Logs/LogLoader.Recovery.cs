using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>After a stop that was not clean.</summary>
internal sealed partial class LogLoader
{
    /// <summary>Reads everything from the segment with the recovery point on. Answers the log's end.</summary>
    private long Recover(long recoveryPoint)
    {
        while (true)
        {
            long end = TryRecover(recoveryPoint);
            if (end >= 0)
            {
                return end;
            }

            // What was learned came from a batch that is gone now.
            _producers.Clear();
            _epochs = new LeaderEpochCache(directory, _knownEpochs ?? [], persisted: _knownEpochs is not null);
        }
    }

    /// <summary>The log's end; -1 when batches were cut off that had been looked at before they were seen to be wrong.</summary>
    private long TryRecover(long recoveryPoint)
    {
        int first = _segments.Count - 1;
        while (first > 0 && _segments[first].BaseOffset > recoveryPoint)
        {
            first--;
        }

        for (int i = 0; i < first; i++)
        {
            if (_rebuild.Contains(_segments[i]))
            {
                RebuildIndexes(_segments[i]);
            }
        }

        if (first > 0)
        {
            // All of it was flushed, but where every append is, its indexes were perhaps not when it had just become full.
            _segments[first - 1].DistrustTimes();
        }

        if (_knownEpochs is null)
        {
            ReadEpochs(first);
        }

        RemoveSnapshotsAfter(_segments[first].BaseOffset);
        ProducerLoader.Load(surroundings, directory, _producers, _snapshots, _segments, _segments[first].BaseOffset);
        long end = _segments[first].BaseOffset;
        var order = new EpochOrder(_epochs.EpochAt(new Offset(end - 1)), recoveryPoint);
        for (int i = first; i < _segments.Count; i++)
        {
            if (i > first && _segments[i].BaseOffset > end && !MayHaveGaps)
            {
                // A loss of power took a segment that was not flushed and spared a later one. Without compaction nothing may be missing.
                RemoveFrom(i, $"the offsets from {end} to {_segments[i].BaseOffset - 1} are missing before it");
                break;
            }

            ScanEnd scanned = RecoverSegment(_segments[i], order, i + 1 < _segments.Count ? _segments[i + 1].BaseOffset : long.MaxValue);
            end = scanned.NextOffset;
            if (scanned.Fault is not null)
            {
                RemoveFrom(i + 1, "it follows a segment that was cut off");
            }

            if (scanned.IsBehindVisited)
            {
                return -1;
            }
        }

        if (order.Damaged() is { } damaged)
        {
            CutAt(damaged.Segment, damaged.Offset, damaged.Position, $"leader epoch {damaged.Epoch} of the batch at offset {damaged.Offset} does not lie between those around it");
            RemoveFrom(_segments.IndexOf(damaged.Segment) + 1, "it follows a segment that was cut off");
            return -1;
        }

        return end;
    }

    private void RemoveFrom(int index, string reason)
    {
        for (int i = _segments.Count - 1; i >= index; i--)
        {
            surroundings.Events.Truncated(_segments[i].File.Path, 0, _segments[i].Size, reason);
            _segments[i].Delete();
            _segments.RemoveAt(i);
        }
    }

    private ScanEnd RecoverSegment(Segment segment, EpochOrder order, long endMax)
    {
        segment.ClearIndexes();
        ScanEnd end = SegmentScan.Whole(segment, MayHaveGaps, endMax, (head, position) =>
        {
            segment.Note(head, position, options.IndexIntervalBytes);
            if (!Plants.IsOn(Plant.ProducerStateNotRebuilt))
            {
                ProducerReplay.Apply(_producers, head, segment);
            }

            NoteEpoch(head);
            order.Next(segment, head, position);
        });
        if (end.Fault is not null)
        {
            CutAt(segment, end.NextOffset, end.Position, end.Fault);
        }

        if (!ReferenceEquals(segment, _segments[^1]))
        {
            segment.Seal(durable: false);
        }

        return end;
    }

    private void CutAt(Segment segment, long offset, int position, string reason)
    {
        int lost = segment.CutAt(offset, position);
        surroundings.Events.Truncated(segment.File.Path, position, lost, reason);
    }

    private void RebuildIndexes(Segment segment)
    {
        surroundings.Events.Repaired(segment.Offsets.Path, "an index is missing or not whole; the indexes are made again");
        segment.ClearIndexes();
        var producers = new ProducerTable();
        ProducerLoader.Load(surroundings, directory, producers, _snapshots, _segments, segment.BaseOffset);
        SegmentScan.Headers(segment, 0, (head, position) =>
        {
            segment.Note(head, position, options.IndexIntervalBytes);
            ProducerReplay.Apply(producers, head, segment);
        });
        segment.Seal(durable: true);
    }

    /// <summary>
    /// A snapshot from behind the point where recovery begins may be of records that were cut off since, when a loss of power brought the file back.
    /// </summary>
    private void RemoveSnapshotsAfter(long offset)
    {
        int known = _snapshots.Count;
        while (_snapshots is [.., var last] && last > offset)
        {
            surroundings.Disk.DeleteFile(SegmentNames.Of(directory, last, ProducerSnapshot.Suffix));
            _snapshots.RemoveAt(_snapshots.Count - 1);
        }

        if (_snapshots.Count < known)
        {
            surroundings.Disk.SyncDirectory(directory);
        }
    }

    private void ReadEpochs(int segments)
    {
        foreach (Segment segment in _segments.Take(segments))
        {
            SegmentScan.Headers(segment, 0, (head, _) => NoteEpoch(head));
        }
    }

    /// <summary>The batches are right where the file tells another epoch: it may be older than they are.</summary>
    private void NoteEpoch(StoredBatch head)
    {
        if (head.LeaderEpoch.IsKnown && head.LeaderEpoch != _epochs.Latest)
        {
            _epochs.Assign(head.LeaderEpoch, head.BaseOffset);
        }
    }
}
