using System.Runtime.CompilerServices;

namespace Tidemark.Records;

/// <summary>Zigzag numbers of variable length, seven bits a byte, the lowest first (as in Protocol Buffers); 5 bytes at most, 10 for 64 bits.</summary>
internal static class Varint
{
    public const int SizeMax = 5;
    public const int LongSizeMax = 10;

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

    public static int SizeOf(int value) => SizeOfRaw((uint)((value << 1) ^ (value >> 31)));

    public static int SizeOf(long value) => SizeOfRaw((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes a number and says how many bytes it took.</summary>
    public static int Write(Span<byte> bytes, long value)
    {
        ulong raw = (ulong)((value << 1) ^ (value >> 63));
        int at = 0;
        while (raw >= 0x80)
        {
            bytes[at++] = (byte)(raw | 0x80);
            raw >>= 7;
        }

        bytes[at++] = (byte)raw;
        return at;
    }

    private static int SizeOfRaw(ulong raw) => (System.Numerics.BitOperations.Log2(raw | 1) / 7) + 1;

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
