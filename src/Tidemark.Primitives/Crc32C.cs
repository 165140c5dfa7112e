using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidemark.Primitives;

/// <summary>
/// CRC-32C (Castagnoli, RFC 3720), the checksum of record batches. The processor's instruction takes 8 bytes a cycle but answers only
/// three cycles later, so long input is cut into three streams that are computed side by side and joined: the checksum of a piece that
/// is followed by n bytes is its own, moved on over n zeros, which is a multiplication by x^8n modulo the polynomial. Where the
/// processor has wide carry-less multiplication, that is faster still.
/// </summary>
public static class Crc32C
{
    /// <summary>The polynomial 0x1EDC6F41 with the lowest power in the highest bit, as the checksum itself is written.</summary>
    private const uint Polynomial = 0x82F63B78;

    /// <summary>The number 1 in that bit order.</summary>
    private const uint One = 0x8000_0000;

    /// <summary>The streams' length where there is much to do: three of them stay within a first-level cache.</summary>
    private const int LongStream = 8192;

    /// <summary>The streams' length for what is left and for small input; below three of these one stream is as fast.</summary>
    private const int ShortStream = 256;

    /// <summary>x^(2^n) for the powers that <see cref="AppendZeros"/> multiplies together: 8 times a count of up to 63 bits.</summary>
    private static readonly uint[] Squares = MakeSquares();

    private static readonly uint[] OverLongStream = MakeZeros(LongStream);
    private static readonly uint[] OverShortStream = MakeZeros(ShortStream);

    /// <summary>The checksum of all the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Append(~0u, bytes);

    /// <summary>Goes on with a raw (not yet inverted) state; start with all ones and invert at the end.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        if (Crc32CFolding.IsSupported && bytes.Length >= 2 * Crc32CFolding.BlockSize)
        {
            state = Crc32CFolding.Append(state, ref bytes);
        }

        return AppendByStreams(state, bytes);
    }

    /// <summary>As <see cref="Append"/> where there is no wide multiplication.</summary>
    internal static uint AppendByStreams(uint state, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 3 * ShortStream)
        {
            state = AppendStreams(state, ref bytes, LongStream, OverLongStream);
            state = AppendStreams(state, ref bytes, ShortStream, OverShortStream);
        }

        while (bytes.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte b in bytes)
        {
            state = BitOperations.Crc32C(state, b);
        }

        return state;
    }

    /// <summary>The raw state after <paramref name="count"/> more zero bytes, in a time that grows with the number of its digits.</summary>
    public static uint AppendZeros(uint state, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Shift(state, count, 3);
    }

    /// <summary>x^n modulo the polynomial.</summary>
    internal static uint Power(long n) => Shift(One, n, 0);

    /// <summary>The state times x^(count * 2^power).</summary>
    private static uint Shift(uint state, long count, int power)
    {
        for (; count != 0; count >>= 1, power++)
        {
            if ((count & 1) != 0)
            {
                state = Multiply(state, Squares[power]);
            }
        }

        return state;
    }

    private static uint AppendStreams(uint state, ref ReadOnlySpan<byte> bytes, int stream, uint[] overStream)
    {
        while (bytes.Length >= 3 * stream)
        {
            ref ulong words = ref Unsafe.As<byte, ulong>(ref MemoryMarshal.GetReference(bytes));
            int count = stream / sizeof(ulong);
            uint second = 0, third = 0;
            for (int i = 0; i < count; i++)
            {
                state = BitOperations.Crc32C(state, LittleEndian(Unsafe.Add(ref words, i)));
                second = BitOperations.Crc32C(second, LittleEndian(Unsafe.Add(ref words, i + count)));
                third = BitOperations.Crc32C(third, LittleEndian(Unsafe.Add(ref words, i + (2 * count))));
            }

            state = Over(overStream, Over(overStream, state) ^ second) ^ third;
            bytes = bytes[(3 * stream)..];
        }

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LittleEndian(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);

    /// <summary>Moves a state on over a stream's length, a byte of the state at a time.</summary>
    private static uint Over(uint[] table, uint state) =>
        table[state & 0xFF] ^ table[256 + ((state >> 8) & 0xFF)] ^ table[512 + ((state >> 16) & 0xFF)] ^ table[768 + (state >> 24)];

    /// <summary>The product of two polynomials modulo the checksum's.</summary>
    private static uint Multiply(uint a, uint b)
    {
        uint product = 0;
        for (; a != 0; a <<= 1)
        {
            if ((a & One) != 0)
            {
                product ^= b;
            }

            b = (b & 1) != 0 ? (b >> 1) ^ Polynomial : b >> 1;
        }

        return product;
    }

    private static uint[] MakeSquares()
    {
        var squares = new uint[66];
        uint x = One >> 1;
        for (int i = 0; i < squares.Length; i++, x = Multiply(x, x))
        {
            squares[i] = x;
        }

        return squares;
    }

    private static uint[] MakeZeros(int count)
    {
        uint factor = AppendZeros(One, count);
        var table = new uint[4 * 256];
        for (int part = 0; part < 4; part++)
        {
            for (uint value = 0; value < 256; value++)
            {
                table[(part * 256) + value] = Multiply(value << (8 * part), factor);
            }
        }

        return table;
    }
}
