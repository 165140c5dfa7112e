using System.Buffers.Binary;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Tests;

/// <summary>LZ4 frames put together by hand, because no library writes wrong ones.</summary>
internal static class Lz4Frames
{
    public const byte BlockChecksums = 0x10;
    public const byte ContentSize = 0x08;
    public const byte ContentChecksum = 0x04;

    /// <summary>A frame of blocks as they are; each is marked as stored unless <paramref name="compressed"/> is set.</summary>
    public static byte[] Of(byte flags, int blockSizeId, bool compressed, long contentSize, params byte[][] blocks)
    {
        var frame = new MemoryStream();
        frame.Write([0x04, 0x22, 0x4D, 0x18]);
        var descriptor = new List<byte> { (byte)(0x60 | flags), (byte)(blockSizeId << 4) };
        if ((flags & ContentSize) != 0)
        {
            descriptor.AddRange(BitConverter.GetBytes(contentSize));
        }

        descriptor.Add((byte)(XxHash32.Compute(descriptor.ToArray()) >> 8));
        frame.Write(descriptor.ToArray());
        foreach (byte[] block in blocks)
        {
            Write(frame, (uint)block.Length | (compressed ? 0 : 0x8000_0000));
            frame.Write(block);
            if ((flags & BlockChecksums) != 0)
            {
                Write(frame, XxHash32.Compute(block));
            }
        }

        Write(frame, 0);
        if ((flags & ContentChecksum) != 0)
        {
            Write(frame, 0xDEAD_BEEF);
        }

        return frame.ToArray();
    }

    /// <summary>A compressed block of zeros: one literal, a match over all but the last five, and these as literals.</summary>
    public static byte[] ZeroBlock(int length)
    {
        var block = new MemoryStream();
        block.Write([0x1F, 0x00, 0x01, 0x00]);
        int rest = length - 1 - 5 - 4 - 15;
        for (; rest >= 255; rest -= 255)
        {
            block.WriteByte(255);
        }

        block.WriteByte((byte)rest);
        block.Write([0x50, 0, 0, 0, 0, 0]);
        return block.ToArray();
    }

    private static void Write(MemoryStream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }
}
