using Tidemark.Primitives;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    /// <summary>
    /// Removes the oldest segments that lie below the log's start and, where the policy says delete, those past <c>retention.ms</c> or
    /// beyond <c>retention.bytes</c>. Nothing that is not below the high watermark goes. When all records go, a new segment is begun.
    /// </summary>
    /// <returns>How many segments went.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public int Retain(Offset highWatermark)
    {
        List<Segment>? removed = null;
        lock (_gate)
        {
            RequireUsable();
            GuardWrites(() => removed = ChooseExpired(highWatermark.Value));
        }

        // Removing large files takes the disk a while, and readers have their leases; nobody has to wait.
        foreach (Segment segment in removed ?? [])
        {
            try
            {
                Remove(segment);
            }
            catch (IOException e)
            {
                Fence(e);
                throw;
            }
        }

        return removed?.Count ?? 0;
    }

    /// <summary>The files of a log that was abandoned meanwhile go with its directory; what has their names by now is another log's.</summary>
    private void Remove(Segment segment)
    {
        lock (_nameGate)
        {
            if (!_isAbandoned)
            {
                segment.Delete();
            }
        }
    }

    private List<Segment>? ChooseExpired(long highWatermark)
    {
        LogOptions options = Options;
        long nowMs = _surroundings.NowMs;
        long excess = options.Deletes && options.RetentionBytes >= 0 ? SizeBytes - options.RetentionBytes : 0;
        Segment[] segments = _segments;
        int expired = 0;
        while (expired < segments.Length)
        {
            Segment segment = segments[expired];
            bool isActive = expired == segments.Length - 1;
            long next = isActive ? _end.Offset : segments[expired + 1].BaseOffset;
            if (next > highWatermark || (isActive && segment.Size == 0))
            {
                break;
            }

            bool bySize = excess > 0 && excess >= segment.Size;
            if (next > _logStart && !bySize && !(options.Deletes && IsTooOld(segment, options, nowMs)))
            {
                break;
            }

            excess -= segment.Size;
            expired++;
        }

        if (expired == 0)
        {
            return null;
        }

        if (expired == segments.Length)
        {
            RollTo(_end.Offset);
            segments = _segments;
        }

        long start = segments[expired].BaseOffset;
        if (start > _logStart)
        {
            Volatile.Write(ref _logStart, start);
            Epochs.TruncateFromStart(new Offset(start));
        }

        _segments = segments[expired..];
        RemoveSnapshotsBefore(start);
        return [.. segments.AsSpan(0, expired)];
    }

    private static bool IsTooOld(Segment segment, LogOptions options, long nowMs) =>
        options.RetentionMs >= 0 && nowMs - segment.NewestMs > options.RetentionMs;

    /// <summary>Recovery never goes back before the first segment. The newest stays in any case: idle producers stand only there.</summary>
    private void RemoveSnapshotsBefore(long offset)
    {
        while (_snapshots.Count > 1 && _snapshots[0] < offset)
        {
            _surroundings.Disk.DeleteFile(SegmentNames.Of(Directory, _snapshots[0], ProducerSnapshot.Suffix));
            _snapshots.RemoveAt(0);
        }
    }
}
