using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>What loading found.</summary>
/// <param name="UnflushedFrom">After a stop that was not clean: what stands here and behind may have been written and not flushed before it.</param>
internal sealed record LoadedLog(
    List<Segment> Segments,
    long LogStart,
    long End,
    long RecoveryPoint,
    LeaderEpochCache Epochs,
    ProducerTable Producers,
    List<long> Snapshots,
    bool IdentityIsFlushed,
    long UnflushedFrom = long.MaxValue);

/// <summary>
/// Opens a partition's directory. After a clean stop only the tail of the active segment's headers is read, to find the end. After
/// any other the segments from the recovery point on are read whole: the first batch that is torn or corrupt, and all after it, go.
/// </summary>
internal sealed partial class LogLoader(LogSurroundings surroundings, string directory, LogOptions options)
{
    private readonly List<Segment> _segments = [];
    private readonly List<long> _snapshots = [];
    private readonly HashSet<Segment> _rebuild = [];
    private readonly ProducerTable _producers = new();
    private List<EpochStart>? _knownEpochs;
    private LeaderEpochCache _epochs = null!;
    private bool _identityIsFlushed;

    private bool MayHaveGaps => options.Compacts || options.WasCompacted;

    public LoadedLog Load(long recoveryPoint, long logStart, bool clean)
    {
        IReadOnlyList<Files.DiskEntry> entries = new LeftoverFiles(surroundings, directory).Settle(surroundings.Disk.List(directory));
        if (entries.Count == 0)
        {
            surroundings.Disk.CreateDirectory(directory);
        }

        CollectFiles(entries);
        LoadEpochs(entries);
        if (_segments.Count == 0)
        {
            AddEmptySegment(logStart);
        }

        // What was flushed to here was flushed with the directory's name. A process that was killed may not have come to that.
        _identityIsFlushed = clean && recoveryPoint > 0;
        long end = clean ? FindEnd() : -1;
        if (end < 0)
        {
            end = Recover(clean ? _segments[^1].BaseOffset : recoveryPoint);
        }

        return Finish(recoveryPoint, logStart, end) with { UnflushedFrom = clean ? long.MaxValue : recoveryPoint };
    }

    private LoadedLog Finish(long recoveryPoint, long logStart, long end)
    {
        if (end < logStart)
        {
            // The checkpoint says that more was here once, and deleted; what is left is older than all that may be read.
            surroundings.Events.Truncated(directory, 0, _segments.Sum(s => (long)s.Size), $"the log ends at {end}, before its start {logStart}");
            for (int i = _segments.Count - 1; i >= 0; i--)
            {
                _segments[i].Delete();
            }

            _segments.Clear();
            _producers.Clear();
            AddEmptySegment(logStart);
            end = logStart;
        }

        logStart = Math.Max(logStart, _segments[0].BaseOffset);
        _epochs.TruncateFromEnd(new Offset(end));
        _epochs.TruncateFromStart(new Offset(logStart));
        RemoveStraySnapshots(end);
        return new LoadedLog(_segments, logStart, end, Math.Min(recoveryPoint, end), _epochs, _producers, _snapshots, _identityIsFlushed);
    }

    private void CollectFiles(IReadOnlyList<Files.DiskEntry> entries)
    {
        // In the order of their names, so that the files of a segment follow one another and the segments rise.
        long offset = -1;
        SegmentLengths lengths = default;
        foreach (Files.DiskEntry entry in entries)
        {
            if (entry.IsDirectory || !SegmentNames.TryParse(entry.Name, out long its, out ReadOnlySpan<char> suffix))
            {
                continue;
            }

            if (suffix.SequenceEqual(ProducerSnapshot.Suffix))
            {
                _snapshots.Add(its);
                continue;
            }

            if (its != offset)
            {
                CollectSegment(offset, lengths);
                (offset, lengths) = (its, new SegmentLengths(-1, -1, -1, -1));
            }

            switch (suffix)
            {
                case SegmentNames.Log:
                    // Longer cannot be: positions have 31 bits. What lies behind is cut off as a torn tail by recovery.
                    lengths = lengths with { Log = (int)Math.Min(entry.Length, int.MaxValue) };
                    break;
                case SegmentNames.OffsetIndex:
                    lengths = lengths with { OffsetIndex = entry.Length };
                    break;
                case SegmentNames.TimeIndex:
                    lengths = lengths with { TimeIndex = entry.Length };
                    break;
                case SegmentNames.TransactionIndex:
                    lengths = lengths with { TransactionIndex = entry.Length };
                    break;
            }
        }

        CollectSegment(offset, lengths);
    }

    private void CollectSegment(long offset, SegmentLengths found)
    {
        if (found is { Log: < 0, OffsetIndex: < 0, TimeIndex: < 0, TransactionIndex: < 0 } || offset < 0)
        {
            return;
        }

        var segment = new Segment(surroundings.Disk, surroundings.Files, directory, offset, found with { Log = Math.Max(found.Log, 0) }, surroundings.NowMs);
        if (found.Log < 0)
        {
            surroundings.Events.Repaired(segment.Offsets.Path, "an index without a log file is removed");
            segment.Delete();
            return;
        }

        _segments.Add(segment);
        if (!found.HasWholeIndexes)
        {
            _rebuild.Add(segment);
        }
    }

    private void LoadEpochs(IReadOnlyList<Files.DiskEntry> entries)
    {
        bool exists = entries.Any(entry => entry.Name == LeaderEpochCheckpoint.FileName);
        string path = Path.Combine(directory, LeaderEpochCheckpoint.FileName);
        _knownEpochs = exists ? LeaderEpochCheckpoint.Read(surroundings.Disk, path) : null;
        if (exists && _knownEpochs is null)
        {
            surroundings.Events.Repaired(path, "the file is damaged; the epochs are read from the batches");
        }

        _epochs = new LeaderEpochCache(directory, _knownEpochs ?? [], persisted: _knownEpochs is not null);
    }

    /// <summary>The log's end after a clean stop; -1 when the active segment is not as a clean stop leaves it.</summary>
    private long FindEnd()
    {
        Segment active = _segments[^1];
        if (_rebuild.Count > 0 || (_knownEpochs is null && _segments.Exists(s => s.Size > 0)))
        {
            return -1;
        }

        if (active.Size == 0)
        {
            ProducerLoader.Load(surroundings, directory, _producers, _snapshots, _segments, active.BaseOffset);
            return active.BaseOffset;
        }

        // From the batch that the last index entry points at; if there is none, the index is not as it should be.
        int position = 0;
        long indexed = -1, pointedAt = -1;
        int lastEpoch = -1;
        if (active.Offsets.Entries > 0)
        {
            (indexed, position) = active.Offsets.At(active.Offsets.Entries - 1);
            if (position < 0 || position > active.Size - StoredBatch.SizeMin)
            {
                surroundings.Events.Repaired(active.Offsets.Path, "the last entry points behind the log; the indexes are made again");
                return -1;
            }
        }

        ScanEnd end = SegmentScan.Headers(active, position, (head, _) =>
        {
            pointedAt = pointedAt < 0 ? head.LastOffset.Value : pointedAt;
            lastEpoch = head.LeaderEpoch.Value;
        });
        if (indexed >= 0 && pointedAt != indexed)
        {
            surroundings.Events.Repaired(active.Offsets.Path, "the last entry points at no batch; the indexes are made again");
            return -1;
        }

        if (end.Fault is not null)
        {
            return -1;
        }

        if (lastEpoch >= 0 && lastEpoch != _epochs.EpochAt(new Offset(end.NextOffset - 1)).Value)
        {
            // A clean stop does not flush this file; a loss of power afterwards may have brought an older one back.
            surroundings.Events.Repaired(directory, "the leader epochs are older than the batches, from which they are read");
            _epochs.Clear();
            ReadEpochs(_segments.Count);
        }

        active.DistrustTimes();
        ProducerLoader.Load(surroundings, directory, _producers, _snapshots, _segments, end.NextOffset);
        return end.NextOffset;
    }

    private void AddEmptySegment(long baseOffset)
    {
        var segment = new Segment(surroundings.Disk, surroundings.Files, directory, baseOffset, SegmentLengths.Empty, surroundings.NowMs);
        segment.Create();
        _segments.Add(segment);
    }

    /// <summary>Keeps the newest snapshot and those at the start of a segment, from which recovery begins.</summary>
    private void RemoveStraySnapshots(long end)
    {
        for (int i = _snapshots.Count - 1; i >= 0; i--)
        {
            long offset = _snapshots[i];
            bool stray = offset > end || (i < _snapshots.Count - 1 && !_segments.Exists(s => s.BaseOffset == offset));
            if (stray)
            {
                surroundings.Disk.DeleteFile(SegmentNames.Of(directory, offset, ProducerSnapshot.Suffix));
                _snapshots.RemoveAt(i);
            }
        }
    }
}
