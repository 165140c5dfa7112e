using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>
/// <c>.timeindex</c>: the largest timestamp so far and the last offset of its batch. Twelve bytes an entry: timestamp, and the offset
/// relative to the segment's base. Both rise from entry to entry.
/// </summary>
internal sealed class TimeIndex(IDisk disk, OpenFileBudget budget, string path, long baseOffset, int storedEntries)
    : IndexFile(disk, budget, path, EntryBytes, storedEntries)
{
    public const int EntryBytes = 12;

    private (long Timestamp, long Offset)? _last = storedEntries == 0 ? (-1, baseOffset) : null;

    /// <summary>The last entry; (-1, base) when there is none.</summary>
    public (long Timestamp, long Offset) Last
    {
        get
        {
            lock (Gate)
            {
                return LastLocked();
            }
        }
    }

    /// <summary>Adds the entry if its timestamp is above the last one's.</summary>
    public void AppendIfLater(long timestamp, long offset)
    {
        lock (Gate)
        {
            (long lastTimestamp, long lastOffset) = LastLocked();
            if (timestamp <= lastTimestamp || offset < lastOffset)
            {
                return;
            }

            Span<byte> entry = stackalloc byte[EntryBytes];
            BinaryPrimitives.WriteInt64BigEndian(entry, timestamp);
            BinaryPrimitives.WriteInt32BigEndian(entry[8..], checked((int)(offset - baseOffset)));
            Add(entry);
            _last = (timestamp, offset);
        }
    }

    /// <summary>The entry with the largest timestamp that is not above the one asked for; (-1, base) when there is none.</summary>
    public (long Timestamp, long Offset) Lookup(long timestamp)
    {
        lock (Gate)
        {
            int count = FirstWhere(entry => entry.Timestamp > timestamp);
            return count == 0 ? (-1, baseOffset) : Peek(count - 1);
        }
    }

    /// <summary>Drops the entries at or after the offset.</summary>
    public void TruncateTo(long offset)
    {
        lock (Gate)
        {
            int keep = FirstWhere(entry => entry.Offset >= offset);
            TruncateEntriesLocked(keep);
            _last = keep == 0 ? (-1, baseOffset) : null;
        }
    }

    private int FirstWhere(Func<(long Timestamp, long Offset), bool> isPast)
    {
        int low = 0, high = Entries;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (isPast(Peek(middle)))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private (long Timestamp, long Offset) LastLocked() => _last ??= Entries == 0 ? (-1, baseOffset) : Peek(Entries - 1);

    private (long Timestamp, long Offset) Peek(int index)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        return ReadEntries(index, entry) == 1
            ? (BinaryPrimitives.ReadInt64BigEndian(entry), baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]))
            : throw new IOException($"{Path} is shorter than its {Entries} entries");
    }
}
