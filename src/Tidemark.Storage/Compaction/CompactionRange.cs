using Tidemark.Primitives;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Compaction;

/// <summary>
/// What compaction would work on in a log, and how much it needs it. Clean is what an earlier run has been through; dirty what came
/// since; the end of the dirty part is bounded by the active segment, by what is stable (high watermark and open transactions,
/// KAFKA-13194) and by <c>min.compaction.lag.ms</c>.
/// </summary>
/// <param name="FirstDirty">Where the dirty part begins.</param>
/// <param name="End">Where it ends, exclusive.</param>
/// <param name="CleanBytes">In segments before it.</param>
/// <param name="DirtyBytes">In its segments.</param>
/// <param name="IsOverdue"><c>max.compaction.lag.ms</c> has passed for a record in it.</param>
public readonly record struct CompactionRange(Offset FirstDirty, Offset End, long CleanBytes, long DirtyBytes, bool IsOverdue)
{
    /// <summary>The part of the log that is dirty, from 0 to 1: the higher, the more compaction gains.</summary>
    public double DirtyRatio => CleanBytes + DirtyBytes == 0 ? 0 : DirtyBytes / (double)(CleanBytes + DirtyBytes);

    /// <summary>Whether compaction is due by the log's options.</summary>
    public bool IsDue(LogOptions options) => DirtyBytes > 0 && (IsOverdue || DirtyRatio > options.MinCleanableDirtyRatio);

    internal static CompactionRange Of(Segment[] segments, LogOptions options, long logStart, long logEnd, long lastClean, long stable, long nowMs)
    {
        // A checkpoint from before a truncation, or of an older log in the same place, says nothing.
        long first = lastClean < logStart || lastClean > logEnd ? logStart : lastClean;
        long end = Math.Min(stable, segments[^1].BaseOffset);
        long clean = 0, dirty = 0;
        long oldest = long.MaxValue;
        for (int i = 0; i < segments.Length - 1; i++)
        {
            Segment segment = segments[i];
            if (segments[i + 1].BaseOffset <= first)
            {
                clean += segment.Size;
                continue;
            }

            if (options.MinCompactionLagMs > 0 && segment.NewestMs > nowMs - options.MinCompactionLagMs)
            {
                end = Math.Min(end, segment.BaseOffset);
            }

            if (segments[i + 1].BaseOffset > end)
            {
                // Only whole segments are worked on.
                end = Math.Min(end, segment.BaseOffset);
                break;
            }

            dirty += segment.Size;
            oldest = segment.FirstTimestamp >= 0 ? Math.Min(oldest, segment.FirstTimestamp) : oldest;
        }

        bool overdue = oldest != long.MaxValue && options.MaxCompactionLagMs < long.MaxValue && nowMs - oldest > options.MaxCompactionLagMs;
        return new CompactionRange(new Offset(first), new Offset(Math.Max(first, end)), clean, dirty, overdue);
    }
}
