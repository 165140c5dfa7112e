using Tidemark.Records;
using Tidemark.Storage.Files;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>
/// What an interrupted run left in a partition's directory: unfinished files go (<c>.tmp</c>, <c>.cleaned</c>), those on their way out
/// go (<c>.deleted</c>), and a finished replacement (<c>.swap</c>) takes the place of the segments that it covers.
/// </summary>
internal sealed class LeftoverFiles(LogSurroundings surroundings, string directory)
{
    /// <summary>Answers the directory's entries as they are afterwards.</summary>
    public IReadOnlyList<DiskEntry> Settle(IReadOnlyList<DiskEntry> entries)
    {
        bool changed = false;
        long firstCleaned = long.MaxValue;
        foreach (DiskEntry entry in entries)
        {
            if (entry.Name.EndsWith(SegmentNames.Cleaned, StringComparison.Ordinal)
                && SegmentNames.TryParse(entry.Name, out long offset, out _))
            {
                firstCleaned = Math.Min(firstCleaned, offset);
            }
        }

        foreach (DiskEntry entry in entries)
        {
            bool swap = entry.Name.EndsWith(SegmentNames.Swap, StringComparison.Ordinal);

            // A split segment has one swap file a part. While a later part is still being cleaned, the whole replacement is not finished.
            bool unfinishedSwap = swap && SegmentNames.TryParse(entry.Name, out long offset, out _) && offset >= firstCleaned;
            if (unfinishedSwap
                || entry.Name.EndsWith(SegmentNames.Cleaned, StringComparison.Ordinal)
                || entry.Name.EndsWith(SegmentNames.Deleted, StringComparison.Ordinal)
                || entry.Name.EndsWith(AtomicFile.UnfinishedSuffix, StringComparison.Ordinal))
            {
                string path = Path.Combine(directory, entry.Name);
                surroundings.Events.Repaired(path, "a file that an interrupted run left is removed");
                surroundings.Disk.DeleteFile(path);
                changed = true;
            }
            else
            {
                changed |= swap;
            }
        }

        if (!changed)
        {
            return entries;
        }

        IReadOnlyList<DiskEntry> left = surroundings.Disk.List(directory);
        CompleteSwaps(left);
        return surroundings.Disk.List(directory);
    }

    private void CompleteSwaps(IReadOnlyList<DiskEntry> entries)
    {
        foreach (DiskEntry entry in entries)
        {
            if (!entry.Name.EndsWith(SegmentNames.Log + SegmentNames.Swap, StringComparison.Ordinal)
                || !SegmentNames.TryParse(entry.Name, out long baseOffset, out _))
            {
                continue;
            }

            long end = EndOf(Path.Combine(directory, entry.Name), baseOffset);
            foreach (DiskEntry other in entries)
            {
                if (SegmentNames.TryParse(other.Name, out long offset, out ReadOnlySpan<char> suffix)
                    && offset >= baseOffset && offset < end
                    && suffix is SegmentNames.Log or SegmentNames.OffsetIndex or SegmentNames.TimeIndex or SegmentNames.TransactionIndex)
                {
                    surroundings.Disk.DeleteFile(Path.Combine(directory, other.Name));
                }
            }
        }

        // The log last: as long as its swap file is there, the next start comes here again.
        foreach (DiskEntry entry in entries.OrderBy(e => e.Name.EndsWith(SegmentNames.Log + SegmentNames.Swap, StringComparison.Ordinal)))
        {
            if (entry.Name.EndsWith(SegmentNames.Swap, StringComparison.Ordinal))
            {
                string from = Path.Combine(directory, entry.Name);
                surroundings.Events.Repaired(from, "an interrupted replacement of segments is completed");
                surroundings.Disk.Rename(from, from[..^SegmentNames.Swap.Length]);
            }
        }

        surroundings.Disk.SyncDirectory(directory);
    }

    /// <summary>The offset after the last batch of a finished replacement.</summary>
    private long EndOf(string path, long baseOffset)
    {
        using IDiskFile file = surroundings.Disk.OpenFile(path, DiskOpen.Existing);
        Span<byte> head = stackalloc byte[RecordBatchHeader.Size];
        long end = baseOffset + 1;
        for (long position = 0; StoredBatch.TryRead(head[..file.Read(position, head)], out StoredBatch batch) && batch.SizeInBytes >= StoredBatch.SizeMin;)
        {
            end = batch.LastOffset.Value + 1;
            position += batch.SizeInBytes;
        }

        return end;
    }
}
