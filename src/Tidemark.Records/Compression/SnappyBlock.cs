using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tidemark.Records.Compression;

/// <summary>
/// Snappy's raw block format: the decompressed length as a variable-length number, then literals and copies from what was decompressed
/// before. A tag's lowest two bits say which: 0 literal, 1 copy with an 11-bit offset, 2 with 16 bits, 3 with 32.
/// Our own, because it must work on spans without allocating and must bound what a wrong length can take.
/// </summary>
internal static class SnappyBlock
{
    /// <summary>The encoder looks for repetitions within this many bytes, so that two bytes hold every offset.</summary>
    private const int WindowSize = 1 << 16;

    private const int TableBits = 14;

    /// <summary>The number of entries that <see cref="Encode"/>'s table needs.</summary>
    public const int TableSize = 1 << TableBits;

    /// <summary>No block decompresses to more than this many times its size: a copy of 3 bytes makes 64 at most.</summary>
    private const int ExpansionMax = 22;

    /// <summary>Reads the decompressed length. False when it cannot be read or no block of this size can hold that much.</summary>
    public static bool TryReadLength(ReadOnlySpan<byte> block, out int length, out int lengthSize)
    {
        ulong value = 0;
        for (int i = 0; i < 5 && i < block.Length; i++)
        {
            value |= (ulong)(block[i] & 0x7F) << (7 * i);
            if (block[i] < 0x80)
            {
                length = (int)Math.Min(value, int.MaxValue);
                lengthSize = i + 1;
                return value <= (ulong)block.Length * ExpansionMax && value <= int.MaxValue;
            }
        }

        length = 0;
        lengthSize = 0;
        return false;
    }

    /// <summary>Decompresses what follows the length into exactly <paramref name="output"/>. False when it does not fill it or is no Snappy.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int at = 0, written = 0;
        while (at < input.Length)
        {
            int tag = input[at++];
            if ((tag & 3) == 0)
            {
                if (!TryReadLiteral(input, ref at, tag >> 2, output, ref written))
                {
                    return false;
                }

                continue;
            }

            int size = (tag & 3) switch { 1 => 1, 2 => 2, _ => 4 };
            if (input.Length - at < size)
            {
                return false;
            }

            (int length, long offset) = size switch
            {
                1 => (((tag >> 2) & 7) + 4, ((tag >> 5) << 8) | input[at]),
                2 => ((tag >> 2) + 1, BinaryPrimitives.ReadUInt16LittleEndian(input[at..])),
                _ => ((tag >> 2) + 1, (long)BinaryPrimitives.ReadUInt32LittleEndian(input[at..])),
            };
            at += size;
            if (offset == 0 || offset > written || length > output.Length - written)
            {
                return false;
            }

            Copy(output, written, (int)offset, length);
            written += length;
        }

        return written == output.Length;
    }

    /// <summary>The most that <see cref="Encode"/> can write for so many bytes.</summary>
    public static int EncodedSizeMax(int length) => 32 + length + (length / 6);

    /// <summary>Compresses <paramref name="input"/>, of at most 64 KB, with its length in front. The table's contents do not matter.</summary>
    public static int Encode(ReadOnlySpan<byte> input, Span<byte> output, Span<ushort> table)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(input.Length, WindowSize);
        int written = 0;
        for (uint rest = (uint)input.Length; ; rest >>= 7)
        {
            output[written++] = (byte)(rest >= 0x80 ? rest | 0x80 : rest);
            if (rest < 0x80)
            {
                break;
            }
        }

        table[..TableSize].Clear();
        int literalFrom = 0, at = 1, misses = 32;
        while (at + 4 < input.Length)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(input[at..]);
            ref ushort entry = ref table[(int)((word * 0x1E35A7BD) >> (32 - TableBits))];
            int candidate = entry;
            entry = (ushort)at;
            if (BinaryPrimitives.ReadUInt32LittleEndian(input[candidate..]) != word)
            {
                // The longer nothing repeats, the wider the steps: what does not compress should cost little.
                at += misses++ >> 5;
                continue;
            }

            misses = 32;
            int length = 4 + input[(at + 4)..].CommonPrefixLength(input[(candidate + 4)..]);
            written += WriteLiteral(input[literalFrom..at], output[written..]);
            written += WriteCopies(at - candidate, length, output[written..]);
            at += length;
            literalFrom = at;
        }

        return written + WriteLiteral(input[literalFrom..], output[written..]);
    }

    private static bool TryReadLiteral(ReadOnlySpan<byte> input, ref int at, int lengthCode, Span<byte> output, ref int written)
    {
        long length = lengthCode + 1;
        if (lengthCode >= 60)
        {
            int size = lengthCode - 59;
            if (input.Length - at < size)
            {
                return false;
            }

            length = 1;
            for (int i = 0; i < size; i++)
            {
                length += (long)input[at++] << (8 * i);
            }
        }

        if (length > input.Length - at || length > output.Length - written)
        {
            return false;
        }

        input.Slice(at, (int)length).CopyTo(output[written..]);
        at += (int)length;
        written += (int)length;
        return true;
    }

    /// <summary>A copy may reach into what it writes: then the last bytes repeat, in strides that double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(Span<byte> output, int written, int offset, int length)
    {
        Span<byte> target = output.Slice(written, length);
        ReadOnlySpan<byte> source = output[(written - offset)..];
        if (offset >= length)
        {
            source[..length].CopyTo(target);
            return;
        }

        for (int done = 0; done < length;)
        {
            int step = Math.Min(offset + done, length - done);
            source[..step].CopyTo(target[done..]);
            done += step;
        }
    }

    private static int WriteLiteral(ReadOnlySpan<byte> literal, Span<byte> output)
    {
        if (literal.IsEmpty)
        {
            return 0;
        }

        int code = literal.Length - 1;
        int size = 0;
        if (code < 60)
        {
            output[0] = (byte)(code << 2);
        }
        else
        {
            size = (BitOperations.Log2((uint)code) / 8) + 1;
            output[0] = (byte)((59 + size) << 2);
            for (int i = 0; i < size; i++)
            {
                output[1 + i] = (byte)(code >> (8 * i));
            }
        }

        literal.CopyTo(output[(1 + size)..]);
        return 1 + size + literal.Length;
    }

    private static int WriteCopies(int offset, int length, Span<byte> output)
    {
        int written = 0;
        while (length > 0)
        {
            if (length is >= 4 and <= 11 && offset < 2048)
            {
                output[written++] = (byte)(1 | ((length - 4) << 2) | ((offset >> 8) << 5));
                output[written++] = (byte)offset;
                break;
            }

            // Not all of 64 when a rest of less than 4 would remain, which could not become a short copy.
            int piece = length is > 64 and < 68 ? 60 : Math.Min(length, 64);
            output[written++] = (byte)(2 | ((piece - 1) << 2));
            BinaryPrimitives.WriteUInt16LittleEndian(output[written..], (ushort)offset);
            written += 2;
            length -= piece;
        }

        return written;
    }
}
