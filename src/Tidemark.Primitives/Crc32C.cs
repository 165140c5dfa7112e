using System.Buffers.Binary;
using System.Numerics;

namespace Tidemark.Primitives;

/// <summary>CRC-32C (Castagnoli, RFC 3720), the checksum of record batches, by the processor's instruction where it has one.</summary>
public static class Crc32C
{
    /// <summary>The checksum of all the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Append(~0u, bytes);

    /// <summary>Goes on with a raw (not yet inverted) state; start with all ones and invert at the end.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte b in bytes)
        {
            state = BitOperations.Crc32C(state, b);
        }

        return state;
    }
}
