using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidemark.Records.Validation;

/// <summary>
/// Whole records that stand one behind the other in memory, walked over in one go: what validation would find of each, summed up. The walk
/// stops in front of whatever is not the usual record (headers, numbers of more than two bytes, anything malformed), which is then
/// looked at by itself. Half of a small record's cost is this walk, so its state is in registers and its reads are unchecked
/// behind one comparison.
/// </summary>
internal ref struct RecordRun
{
    /// <summary>Length, attributes, two deltas, key length and value length of a usual record: what may be read without another look at the end.</summary>
    private const int HeadMax = (5 * ShortMax) + 1;

    /// <summary>The bytes of a number that the walk reads.</summary>
    private const int ShortMax = 2;

    /// <summary>How many records it has.</summary>
    public int Count;

    /// <summary>How many bytes these take.</summary>
    public int Bytes;

    public long EarliestTimestamp;

    /// <summary>The latest timestamp that is later than the one given, and the first record that has it.</summary>
    public long MaxTimestamp;

    public int IndexOfMaxTimestamp;

    public bool OffsetsAreDense;

    public bool AllHaveKeys;

    /// <param name="bytes">Begins with a record.</param>
    /// <param name="countMax">The most records to walk over.</param>
    /// <param name="firstIndex">The index of the first one in its batch.</param>
    /// <param name="baseTimestamp">The batch's.</param>
    /// <param name="maxTimestamp">The latest of the records before.</param>
    public static RecordRun Walk(ReadOnlySpan<byte> bytes, int countMax, int firstIndex, long baseTimestamp, long maxTimestamp)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int at = 0, count = 0, indexOfMax = -1, gaps = 0, keyless = 0;
        long earliest = long.MaxValue;
        int lastHead = bytes.Length - HeadMax;
        while (count < countMax && at <= lastHead)
        {
            int p = at;
            if (!TryReadShort(ref start, ref p, out int length))
            {
                break;
            }

            int end = p + length;
            if (length < RecordReader.RecordSizeMin - 1 || end > bytes.Length)
            {
                break;
            }

            p++;
            if (!TryReadShort(ref start, ref p, out int timestampDelta)
                || !TryReadShort(ref start, ref p, out int offsetDelta)
                || !TryReadShort(ref start, ref p, out int keyLength))
            {
                break;
            }

            if (keyLength > 0)
            {
                // Two bytes have to follow it, and two may be read: the value's length and the number of headers.
                p += keyLength;
                if (p > end - ShortMax)
                {
                    break;
                }
            }

            if (!TryReadShort(ref start, ref p, out int valueLength))
            {
                break;
            }

            p += Math.Max(valueLength, 0);
            if (p != end - 1 || Unsafe.Add(ref start, p) != 0)
            {
                break;
            }

            long timestamp = baseTimestamp + timestampDelta;
            earliest = Math.Min(earliest, timestamp);
            if (timestamp > maxTimestamp)
            {
                maxTimestamp = timestamp;
                indexOfMax = firstIndex + count;
            }

            gaps |= offsetDelta ^ (firstIndex + count);
            keyless |= keyLength;
            count++;
            at = end;
        }

        return new RecordRun
        {
            Count = count,
            Bytes = at,
            EarliestTimestamp = earliest,
            MaxTimestamp = maxTimestamp,
            IndexOfMaxTimestamp = indexOfMax,
            OffsetsAreDense = gaps == 0,
            AllHaveKeys = keyless >= 0,
        };
    }

    /// <summary>Reads a number of one or two bytes. Two bytes must be there to read. False for a longer one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryReadShort(ref byte start, scoped ref int position, out int value)
    {
        int low = Unsafe.Add(ref start, position);
        int high = Unsafe.Add(ref start, position + 1);
        if (low < 0x80)
        {
            position++;
            value = (low >> 1) ^ -(low & 1);
            return true;
        }

        low = (low & 0x7F) | (high << 7);
        position += 2;
        value = (low >> 1) ^ -(low & 1);
        return high < 0x80;
    }
}
