using Tidemark.Primitives;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Producers;

/// <summary>Makes the table of producers again: from the newest usable snapshot, and the log from there on.</summary>
internal static class ProducerLoader
{
    /// <summary>Loads the state as it is at the offset. Damaged snapshots are removed, from the disk and from the list.</summary>
    public static void Load(
        LogSurroundings surroundings, string directory, ProducerTable producers, List<long> snapshots, IReadOnlyList<Segment> segments, long upTo)
    {
        long from = LoadSnapshot(surroundings, directory, producers, snapshots, upTo);
        for (int i = 0; i < segments.Count && from < upTo && !Plants.IsOn(Plant.ProducerStateNotRebuilt); i++)
        {
            Segment segment = segments[i];
            long end = i + 1 < segments.Count ? segments[i + 1].BaseOffset : long.MaxValue;
            if (end <= from || segment.BaseOffset >= upTo || segment.Size == 0)
            {
                continue;
            }

            int position = 0;
            if (from > segment.BaseOffset && !segment.TryTranslate(from, segment.Size, out position, out _))
            {
                continue;
            }

            SegmentScan.Headers(segment, position, (head, _) =>
            {
                if (head.LastOffset.Value >= from && head.LastOffset.Value < upTo)
                {
                    ProducerReplay.Apply(producers, head, index: null);
                }
            });
        }
    }

    private static long LoadSnapshot(LogSurroundings surroundings, string directory, ProducerTable producers, List<long> snapshots, long upTo)
    {
        for (int i = snapshots.Count - 1; i >= 0; i--)
        {
            if (snapshots[i] > upTo)
            {
                continue;
            }

            string path = SegmentNames.Of(directory, snapshots[i], ProducerSnapshot.Suffix);
            if (ProducerSnapshot.Read(surroundings.Disk, path) is { } entries)
            {
                producers.Load(entries);
                return snapshots[i];
            }

            surroundings.Events.Repaired(path, "the snapshot of producers is damaged; an older one is taken");
            surroundings.Disk.DeleteFile(path);
            snapshots.RemoveAt(i);
        }

        producers.Clear();
        return 0;
    }
}
