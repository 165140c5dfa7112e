using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>
/// <c>.index</c>: from an offset to the place of its batch in the segment. Eight bytes an entry: the last offset of the batch, relative
/// to the segment's base, and the batch's position.
/// </summary>
internal sealed class OffsetIndex(IDisk disk, OpenFileBudget budget, string path, long baseOffset, int storedEntries)
    : IndexFile(disk, budget, path, EntryBytes, storedEntries)
{
    public const int EntryBytes = 8;
    private const int ChunkEntries = 64;

    private long _lastOffset = storedEntries == 0 ? baseOffset : -1;

    public void Append(long offset, int position)
    {
        lock (Gate)
        {
            Span<byte> entry = stackalloc byte[EntryBytes];
            BinaryPrimitives.WriteInt32BigEndian(entry, checked((int)(offset - baseOffset)));
            BinaryPrimitives.WriteInt32BigEndian(entry[4..], position);
            Invariant.Require(Entries == 0 || offset > LastOffset());
            Add(entry);
            _lastOffset = offset;
        }
    }

    /// <summary>The entry with the largest offset that is not above the one asked for; (base, 0) when there is none.</summary>
    public (long Offset, int Position) Lookup(long offset)
    {
        lock (Gate)
        {
            Span<byte> chunk = stackalloc byte[ChunkEntries * EntryBytes];
            long target = offset - baseOffset;
            int low = 0, high = Entries;
            double lowValue = 0, highValue = high == 0 ? 0 : LastOffset() - baseOffset;
            bool guess = true;
            (long Offset, int Position) best = (baseOffset, 0);

            // Entries before low are not above the target, those from high on are.
            while (low < high)
            {
                // Offsets grow about evenly with the entries, so the first guess mostly falls on the right chunk; when it does not,
                // every second step halves, which bounds the number of reads.
                double part = guess && highValue > lowValue ? Math.Clamp((target - lowValue) / (highValue - lowValue), 0, 1) : 0.5;
                guess = !guess;
                int middle = low + (int)(part * (high - low));
                int first = Math.Max(low, Math.Min(middle - (ChunkEntries / 2), high - ChunkEntries));
                int count = ReadEntries(first, chunk[..(Math.Min(ChunkEntries, high - first) * EntryBytes)]);
                if (count == 0)
                {
                    throw new IOException($"{Path} is shorter than its {Entries} entries");
                }

                int notAbove = 0;
                while (notAbove < count && Relative(chunk, notAbove) <= target)
                {
                    notAbove++;
                }

                if (notAbove > 0)
                {
                    best = (baseOffset + Relative(chunk, notAbove - 1), Position(chunk, notAbove - 1));
                    (low, lowValue) = (first + notAbove, Relative(chunk, notAbove - 1));
                }

                if (notAbove < count)
                {
                    (high, highValue) = (first + notAbove, Relative(chunk, notAbove));
                }
            }

            return best;
        }
    }

    /// <summary>The first entry's offset among those at or after the position; null when there is none.</summary>
    public long? FirstAtOrAfter(int position)
    {
        lock (Gate)
        {
            Span<byte> entry = stackalloc byte[EntryBytes];
            int low = 0, high = Entries;
            while (low < high)
            {
                int middle = low + ((high - low) / 2);
                Invariant.Require(ReadEntries(middle, entry) == 1);
                (low, high) = Position(entry, 0) < position ? (middle + 1, high) : (low, middle);
            }

            return low < Entries && ReadEntries(low, entry) == 1 ? baseOffset + Relative(entry, 0) : null;
        }
    }

    /// <summary>The entry at this place, for checks.</summary>
    public (long Offset, int Position) At(int index)
    {
        lock (Gate)
        {
            Span<byte> entry = stackalloc byte[EntryBytes];
            Invariant.Require(ReadEntries(index, entry) == 1);
            return (baseOffset + Relative(entry, 0), Position(entry, 0));
        }
    }

    /// <summary>Drops the entries at or after the offset.</summary>
    public void TruncateTo(long offset)
    {
        lock (Gate)
        {
            int low = 0, high = Entries;
            while (low < high)
            {
                int middle = low + ((high - low) / 2);
                if (baseOffset + Peek(middle) < offset)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            TruncateEntriesLocked(low);
            _lastOffset = low == 0 ? baseOffset : -1;
        }
    }

    private static int Relative(ReadOnlySpan<byte> chunk, int index) => BinaryPrimitives.ReadInt32BigEndian(chunk[(index * EntryBytes)..]);

    private static int Position(ReadOnlySpan<byte> chunk, int index) => BinaryPrimitives.ReadInt32BigEndian(chunk[((index * EntryBytes) + 4)..]);

    private long LastOffset() => _lastOffset >= 0 ? _lastOffset : _lastOffset = baseOffset + (Entries == 0 ? 0 : Peek(Entries - 1));

    private int Peek(int index)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        return ReadEntries(index, entry) == 1
            ? Relative(entry, 0)
            : throw new IOException($"{Path} is shorter than its {Entries} entries");
    }
}
