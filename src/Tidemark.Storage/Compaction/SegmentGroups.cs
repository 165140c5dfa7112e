using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Compaction;

/// <summary>
/// Puts neighbouring segments together that will certainly fit into one: their logs, their indexes, and the distance of their offsets.
/// Otherwise compaction would leave ever more and ever smaller segments.
/// </summary>
internal static class SegmentGroups
{
    public static List<Segment[]> Of(Segment[] segments, long end, LogOptions options)
    {
        var groups = new List<Segment[]>();
        var group = new List<Segment>();
        long bytes = 0, entries = 0, times = 0;
        for (int i = 0; i + 1 < segments.Length && segments[i].BaseOffset < end; i++)
        {
            Segment segment = segments[i];
            bool fits = group.Count > 0
                && bytes + segment.Size <= options.SegmentBytes
                && (entries + segment.Offsets.Entries) * OffsetIndex.EntryBytes <= options.IndexBytesMax
                && (times + segment.Times.Entries) * TimeIndex.EntryBytes <= options.IndexBytesMax
                && segments[i + 1].BaseOffset - group[0].BaseOffset <= int.MaxValue;
            if (!fits && group.Count > 0)
            {
                groups.Add([.. group]);
                group.Clear();
                (bytes, entries, times) = (0, 0, 0);
            }

            group.Add(segment);
            bytes += segment.Size;
            entries += segment.Offsets.Entries;
            times += segment.Times.Entries;
        }

        if (group.Count > 0)
        {
            groups.Add([.. group]);
        }

        return groups;
    }
}
