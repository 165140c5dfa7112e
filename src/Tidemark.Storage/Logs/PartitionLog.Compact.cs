using Tidemark.Primitives;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    internal Segment[] SegmentsNow => _segments;

    /// <summary>Another number after every truncation, and while one is under way.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>What compaction would work on.</summary>
    /// <param name="lastClean">From the cleaner's checkpoint; zero when it has none.</param>
    /// <param name="stable">The last stable offset, which is never above the high watermark.</param>
    public CompactionRange CompactionRange(Offset lastClean, Offset stable) => Compaction.CompactionRange.Of(
        _segments, Options, LogStart.Value, LogEndOffset.Value, lastClean.Value, stable.Value, _surroundings.NowMs);

    /// <summary>Prepares a run; nothing happens before its steps are gone through. One at a time for a log.</summary>
    /// <param name="dedupeBufferBytes"><c>log.cleaner.dedupe.buffer.size</c>, by threads: the most that the run keeps of keys.</param>
    public LogCompaction BeginCompaction(CompactionRange range, long dedupeBufferBytes)
    {
        lock (_gate)
        {
            RequireUsable();
            ExpectGaps();
        }

        return new LogCompaction(this, _surroundings, range, dedupeBufferBytes);
    }

    internal Dictionary<long, ProducerTail> ProducerTails()
    {
        lock (_gate)
        {
            return _producers.Entries.ToDictionary(p => p.ProducerId, p => new ProducerTail(p.LastOffset, p.Epoch));
        }
    }

    /// <summary>Recovery must not take what compaction took out, here or at a leader, for lost; also after the topic's policy has changed.</summary>
    private void ExpectGaps()
    {
        if (!_mayHaveGaps)
        {
            _surroundings.Events.GetsGaps(this);
            RequireUsable();
            _mayHaveGaps = true;
        }
    }

    /// <summary>No segment begins here any more, so recovery never will. The newest stays: producers that are idle may stand only there.</summary>
    private void RemoveSnapshotAt(long offset)
    {
        _unwrittenSnapshots.RemoveAll(snapshot => snapshot.Offset == offset);
        int at = _snapshots.BinarySearch(offset);
        if (at >= 0 && at < _snapshots.Count - 1)
        {
            _surroundings.Disk.DeleteFile(SegmentNames.Of(Directory, offset, ProducerSnapshot.Suffix));
            _snapshots.RemoveAt(at);
        }
    }

    internal Segment NewCleanedSegment(Segment like)
    {
        var segment = new Segment(
            _surroundings.Disk, _surroundings.Files, Directory, like.BaseOffset, SegmentLengths.Empty, like.CreatedMs, SegmentNames.Cleaned);
        segment.Create();
        return segment;
    }

    /// <summary>
    /// Puts a finished segment in the place of others. False when they are no longer all there, or no longer what they were. From the renaming to <c>.swap</c> on, the next
    /// start would complete the replacement; before, it would forget it.
    /// </summary>
    /// <param name="cuts">What <see cref="Cuts"/> was before the old segments were read.</param>
    internal bool ReplaceSegments(Segment[] old, Segment cleaned, int cuts)
    {
        lock (_flushGate)
            lock (_gate)
            {
                RequireUsable();
                Segment[] segments = _segments;
                int at = Array.IndexOf(segments, old[0]);
                if (cuts != _cuts || at < 0 || at + old.Length > segments.Length || !segments.AsSpan(at, old.Length).SequenceEqual(old))
                {
                    return false;
                }

                GuardWrites(() =>
                {
                    cleaned.MoveTo(SegmentNames.Swap, logFirst: false);
                    _surroundings.Disk.SyncDirectory(Directory);
                    foreach (Segment segment in old)
                    {
                        segment.MoveTo(SegmentNames.Deleted, logFirst: true);
                    }

                    cleaned.MoveTo(string.Empty, logFirst: false);
                    _segments = [.. segments.AsSpan(0, at), cleaned, .. segments.AsSpan(at + old.Length)];
                    foreach (Segment segment in old.AsSpan(1))
                    {
                        RemoveSnapshotAt(segment.BaseOffset);
                    }
                });
            }

        GuardWrites(() =>
        {
            foreach (Segment segment in old)
            {
                segment.Delete();
            }

            _surroundings.Disk.SyncDirectory(Directory);
        });
        return true;
    }
}
