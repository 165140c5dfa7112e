using System.Text;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Tests;

/// <summary>What of LZ4's frames is read, and that it is what Kafka's consumers read.</summary>
public class Lz4DecoderTests
{
    private static readonly byte[] Text = Encoding.ASCII.GetBytes("Nobody inspects the spammish repetition");

    [Theory]
    [InlineData("", 0x02CC5D05u)]
    [InlineData("a", 0x550D7456u)]
    [InlineData("abc", 0x32D153FFu)]
    [InlineData("Nobody inspects the spammish repetition", 0xE2293B2Fu)]
    public void The_checksum_is_that_of_the_specification(string text, uint expected) =>
        Assert.Equal(expected, XxHash32.Compute(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData(4, 64)]
    [InlineData(5, 256)]
    [InlineData(6, 1024)]
    [InlineData(7, 4096)]
    public void Blocks_are_read_whether_they_fit_into_the_room_for_them_or_not(int blockSizeId, int blockMaxKb)
    {
        int[] lengths = [100, 70_000, 200_000, blockMaxKb * 1024];
        byte[][] blocks = [.. lengths.Where(length => length <= blockMaxKb * 1024).Select(Lz4Frames.ZeroBlock)];
        long expected = lengths.Where(length => length <= blockMaxKb * 1024).Sum(length => (long)length);
        byte[] frame = Lz4Frames.Of(Lz4Frames.BlockChecksums | Lz4Frames.ContentSize, blockSizeId, compressed: true, expected, blocks);
        foreach (int room in (int[])[1000, 128 * 1024, 8 << 20])
        {
            Assert.Equal(expected, Read(frame, room, out byte[] bytes));
            Assert.DoesNotContain(bytes, b => b != 0);
        }
    }

    [Fact]
    public void A_block_larger_than_the_frame_announced_is_refused()
    {
        byte[] frame = Lz4Frames.Of(0, 4, compressed: true, 0, Lz4Frames.ZeroBlock((64 * 1024) + 1));
        Assert.Equal(BatchDecoder.Corrupt, Read(frame, 1 << 20, out _));
        Assert.Equal(BatchDecoder.Corrupt, Read(Lz4Frames.Of(0, 4, compressed: false, 0, new byte[(64 * 1024) + 1]), 1 << 20, out _));
    }

    [Fact]
    public void The_checksum_of_the_content_is_not_looked_at_as_at_Kafka_that_of_a_block_is()
    {
        byte[] frame = Lz4Frames.Of(Lz4Frames.ContentChecksum | Lz4Frames.BlockChecksums, 4, compressed: false, 0, Text);
        Assert.Equal(Text.Length, Read(frame, 1024, out byte[] bytes));
        Assert.Equal(Text, bytes);
        frame[12] ^= 1;
        Assert.Equal(BatchDecoder.Corrupt, Read(frame, 1024, out _));
    }

    [Fact]
    public void A_frame_that_ends_early_is_refused_and_what_follows_it_is_not_read()
    {
        byte[] frame = Lz4Frames.Of(Lz4Frames.ContentChecksum | Lz4Frames.ContentSize, 4, compressed: false, Text.Length, Text);
        for (int length = 0; length < frame.Length; length++)
        {
            Assert.Equal(BatchDecoder.Corrupt, Read(frame[..length], 1024, out _));
        }

        Assert.Equal(Text.Length, Read([.. frame, 1, 2, 3], 1024, out _));
    }

    [Theory]
    [InlineData(0, 0x50)] // a frame to be skipped
    [InlineData(4, 0x40)] // blocks that depend on each other
    [InlineData(4, 0xA0)] // another version
    [InlineData(4, 0x61)] // a dictionary
    [InlineData(4, 0x62)] // a reserved bit
    [InlineData(5, 0x30)] // no block size
    [InlineData(5, 0xC0)] // a reserved bit of the block size
    public void What_Java_could_not_read_is_refused_although_its_checksum_is_right(int at, byte value)
    {
        byte[] frame = Lz4Frames.Of(0, 4, compressed: false, 0, Text);
        Assert.Equal(Text.Length, Read(frame, 1024, out _));
        frame[at] = value;
        frame[6] = (byte)(XxHash32.Compute(frame.AsSpan(4, 2)) >> 8);
        Assert.Equal(BatchDecoder.Corrupt, Read(frame, 1024, out _));
    }

    [Fact]
    public void A_wrong_descriptor_checksum_and_a_wrong_content_size_are_refused()
    {
        byte[] frame = Lz4Frames.Of(0, 4, compressed: false, 0, Text);
        frame[6] ^= 1;
        Assert.Equal(BatchDecoder.Corrupt, Read(frame, 1024, out _));
        Assert.Equal(BatchDecoder.Corrupt, Read(Lz4Frames.Of(Lz4Frames.ContentSize, 4, compressed: false, 7, Text), 1024, out _));
    }

    /// <summary>Reads a frame through rooms of that size; the sum of bytes, or Corrupt.</summary>
    private static unsafe long Read(byte[] frame, int room, out byte[] bytes)
    {
        var all = new MemoryStream();
        bytes = [];
        using var decoder = new Lz4Decoder();
        var buffer = new byte[room];
        fixed (byte* source = frame)
        {
            decoder.Begin(source, frame.Length);
            int read;
            while ((read = decoder.Read(buffer)) > 0)
            {
                all.Write(buffer, 0, read);
            }

            Assert.True(decoder.End());
            bytes = all.ToArray();
            return read < 0 ? read : bytes.Length;
        }
    }
}
