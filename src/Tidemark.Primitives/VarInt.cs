using System.Numerics;

namespace Tidemark.Primitives;

/// <summary>
/// Integers of variable length: seven bits a byte, low bits first, the top bit saying that more follow.
/// Signed ones are zigzag encoded first, so that small negatives stay short.
/// </summary>
public static class VarInt
{
    /// <summary>The most bytes that an unsigned 32-bit value takes.</summary>
    public const int UInt32BytesMax = 5;

    /// <summary>The most bytes that an unsigned 64-bit value takes.</summary>
    public const int UInt64BytesMax = 10;

    /// <summary>The bytes that a value takes.</summary>
    public static int SizeOf(uint value) => value == 0 ? 1 : (38 - BitOperations.LeadingZeroCount(value)) / 7;

    /// <summary>The bytes that a value takes.</summary>
    public static int SizeOf(ulong value) => value == 0 ? 1 : (70 - BitOperations.LeadingZeroCount(value)) / 7;

    public static uint ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static int UnZigZag(uint value) => (int)(value >> 1) ^ -(int)(value & 1);

    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    /// <summary>Writes a value and returns the bytes written. The span holds at least <see cref="SizeOf(uint)"/>.</summary>
    public static int Write(Span<byte> target, uint value)
    {
        int at = 0;
        while (value >= 0x80)
        {
            target[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[at++] = (byte)value;
        return at;
    }

    /// <summary>Writes a value and returns the bytes written. The span holds at least <see cref="SizeOf(ulong)"/>.</summary>
    public static int Write(Span<byte> target, ulong value)
    {
        int at = 0;
        while (value >= 0x80)
        {
            target[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[at++] = (byte)value;
        return at;
    }
}
