using System.Runtime.CompilerServices;
using Tidemark.Primitives;

namespace Tidemark.Records;

/// <summary>
/// The numbers in records: a <see cref="VarInt"/> behind a zigzag, 5 bytes at most, 10 for 64 bits. Reading them is not the protocol's
/// reading: Kafka lets bits beyond the 32nd or 64th pass here, and nothing throws.
/// </summary>
internal static class SignedVarInt
{
    public const int SizeMax = VarInt.UInt32BytesMax;
    public const int LongSizeMax = VarInt.UInt64BytesMax;

    /// <summary>Reads a number and moves on. False when the bytes end or the number does not.</summary>
    /// <remarks>Most numbers in a record take one byte and the lengths two: these are read in place.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> bytes, scoped ref int position, out int value)
    {
        int at = position;
        if ((uint)at < (uint)bytes.Length)
        {
            int raw = bytes[at];
            if (raw < 0x80)
            {
                position = at + 1;
                value = (raw >> 1) ^ -(raw & 1);
                return true;
            }

            if ((uint)(at + 1) < (uint)bytes.Length && bytes[at + 1] < 0x80)
            {
                position = at + 2;
                raw = (raw & 0x7F) | (bytes[at + 1] << 7);
                value = (raw >> 1) ^ -(raw & 1);
                return true;
            }
        }

        return TryReadMore(bytes, ref position, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadLong(ReadOnlySpan<byte> bytes, scoped ref int position, out long value)
    {
        int at = position;
        if ((uint)at < (uint)bytes.Length && bytes[at] < 0x80)
        {
            int raw = bytes[at];
            position = at + 1;
            value = (raw >> 1) ^ -(raw & 1);
            return true;
        }

        return TryReadMoreLong(bytes, ref position, out value);
    }

    public static int SizeOf(int value) => VarInt.SizeOf(VarInt.ZigZag(value));

    public static int SizeOf(long value) => VarInt.SizeOf(VarInt.ZigZag(value));

    /// <summary>Writes a number and says how many bytes it took.</summary>
    public static int Write(Span<byte> bytes, long value) => VarInt.Write(bytes, VarInt.ZigZag(value));

    private static bool TryReadMore(ReadOnlySpan<byte> bytes, scoped ref int position, out int value)
    {
        uint raw = 0;
        for (int shift = 0; shift < 7 * SizeMax; shift += 7)
        {
            if ((uint)position >= (uint)bytes.Length)
            {
                break;
            }

            byte b = bytes[position++];
            raw |= (uint)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                value = (int)(raw >> 1) ^ -(int)(raw & 1);
                return true;
            }
        }

        value = 0;
        return false;
    }

    private static bool TryReadMoreLong(ReadOnlySpan<byte> bytes, scoped ref int position, out long value)
    {
        ulong raw = 0;
        for (int shift = 0; shift < 7 * LongSizeMax; shift += 7)
        {
            if ((uint)position >= (uint)bytes.Length)
            {
                break;
            }

            byte b = bytes[position++];
            raw |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                value = (long)(raw >> 1) ^ -(long)(raw & 1);
                return true;
            }
        }

        value = 0;
        return false;
    }
}
