using System.Buffers.Binary;

namespace Tidemark.Records.Compression;

/// <summary>
/// The descriptor at the beginning of an LZ4 frame, as far as Kafka's clients read one (LZ4 Frame Format 1.6): version 1, blocks that do
/// not depend on one another, no dictionary.
/// </summary>
/// <param name="Size">The descriptor's bytes, with the magic number before it.</param>
/// <param name="BlockMax">The most that a block decompresses to.</param>
/// <param name="BlocksHaveChecksums">Each block is followed by the checksum of its compressed bytes.</param>
/// <param name="HasContentChecksum">The frame ends with the checksum of all that it decompresses to.</param>
/// <param name="ContentSize">What the frame says to decompress to; -1 where it does not say.</param>
internal readonly record struct Lz4Frame(int Size, int BlockMax, bool BlocksHaveChecksums, bool HasContentChecksum, long ContentSize)
{
    private const uint Magic = 0x184D2204;
    private const int FlagsAt = 4;
    private const int BlockSizeAt = 5;
    private const byte VersionMask = 0xC0;
    private const byte Version1 = 0x40;
    private const byte IndependentBlocks = 0x20;
    private const byte BlockChecksums = 0x10;
    private const byte ContentSizeBit = 0x08;
    private const byte ContentChecksumBit = 0x04;
    private const byte ReservedOrDictionary = 0x03;
    private const byte BlockSizeReserved = 0x8F;
    private const int BlockSizeIdMin = 4;

    /// <summary>False where the bytes begin no frame that a client could read.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Lz4Frame frame)
    {
        frame = default;
        int size = BlockSizeAt + 1;
        if (bytes.Length <= size || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            return false;
        }

        byte flags = bytes[FlagsAt];
        int blockSizeId = bytes[BlockSizeAt] >> 4;
        if ((flags & (VersionMask | IndependentBlocks | ReservedOrDictionary)) != (Version1 | IndependentBlocks)
            || (bytes[BlockSizeAt] & BlockSizeReserved) != 0
            || blockSizeId < BlockSizeIdMin)
        {
            return false;
        }

        long contentSize = -1;
        if ((flags & ContentSizeBit) != 0)
        {
            if (bytes.Length <= size + sizeof(long))
            {
                return false;
            }

            contentSize = BinaryPrimitives.ReadInt64LittleEndian(bytes[size..]);
            size += sizeof(long);
        }

        if (bytes[size] != (byte)(XxHash32.Compute(bytes[FlagsAt..size]) >> 8))
        {
            return false;
        }

        // 64 KB, 256 KB, 1 MB, 4 MB.
        frame = new Lz4Frame(
            size + 1, 1 << (8 + (2 * blockSizeId)), (flags & BlockChecksums) != 0, (flags & ContentChecksumBit) != 0, contentSize);
        return true;
    }

    /// <summary>Writes the checksum that the descriptor should have into a frame that has a wrong one.</summary>
    public static void WriteDescriptorChecksum(Span<byte> frame)
    {
        int size = BlockSizeAt + 1;
        if (frame.Length > size && (frame[FlagsAt] & ContentSizeBit) != 0)
        {
            size += sizeof(long);
        }

        if (frame.Length > size)
        {
            frame[size] = (byte)(XxHash32.Compute(frame[FlagsAt..size]) >> 8);
        }
    }
}
