using System.Buffers.Binary;
using System.Text;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Tests;

/// <summary>Our Snappy against another implementation of it, and the two forms that clients send.</summary>
public class SnappyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Blocks_read_in_the_other_implementation_and_the_other_way_round(int seed)
    {
        var random = new Random(seed);
        var table = new ushort[SnappyBlock.TableSize];
        for (int i = 0; i < 80; i++)
        {
            byte[] input = Sample(random, random.Next(65_537));
            var encoded = new byte[SnappyBlock.EncodedSizeMax(input.Length)];
            int size = SnappyBlock.Encode(input, encoded, table);
            byte[] theirs = IronSnappy.Snappy.Decode(encoded.AsSpan(0, size));
            Assert.True(input.AsSpan().SequenceEqual(theirs), $"seed {seed}, sample {i} of {input.Length} bytes");
            Assert.True(input.AsSpan().SequenceEqual(Decode(encoded.AsSpan(0, size))), $"seed {seed}, sample {i}");
            Assert.True(input.AsSpan().SequenceEqual(Decode(IronSnappy.Snappy.Encode(input))), $"seed {seed}, sample {i}");
        }
    }

    [Fact]
    public void Repetition_is_compressed()
    {
        byte[] input = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("the same again and ", 1000)));
        var encoded = new byte[SnappyBlock.EncodedSizeMax(input.Length)];
        Assert.True(SnappyBlock.Encode(input, encoded, new ushort[SnappyBlock.TableSize]) < input.Length / 15);
    }

    [Fact]
    public void A_batch_of_one_raw_block_reads_like_a_framed_one()
    {
        byte[] framed = ProducedBatch.Of(2000, CompressionCodec.Snappy, value: "some value ");
        using BatchPayload payload = BatchPayload.Open(new RecordBatchHeader(framed));
        byte[] raw = IronSnappy.Snappy.Encode(payload.Bytes);
        using BatchPayload again = BatchPayload.Open(new RecordBatchHeader(With(framed, raw)));
        Assert.True(payload.Bytes.SequenceEqual(again.Bytes));
    }

    [Fact]
    public void Framed_streams_that_were_joined_read_as_one()
    {
        byte[] batch = ProducedBatch.Of(3, CompressionCodec.Snappy);
        using BatchPayload payload = BatchPayload.Open(new RecordBatchHeader(batch));
        byte[] stream = batch[RecordBatchHeader.Size..];
        using BatchPayload twice = BatchPayload.Open(new RecordBatchHeader(With(batch, [.. stream, .. stream])));
        Assert.True(twice.Bytes.SequenceEqual((byte[])[.. payload.Bytes, .. payload.Bytes]));
    }

    private static byte[] With(byte[] batch, byte[] payload)
    {
        byte[] other = [.. batch.AsSpan(0, RecordBatchHeader.Size), .. payload];
        BinaryPrimitives.WriteInt32BigEndian(other.AsSpan(8), other.Length - 12);
        return other.WithAttributes((short)CompressionCodec.Snappy);
    }

    private static byte[] Decode(ReadOnlySpan<byte> block)
    {
        Assert.True(SnappyBlock.TryReadLength(block, out int length, out int lengthSize));
        var output = new byte[length];
        Assert.True(SnappyBlock.TryDecode(block[lengthSize..], output));
        return output;
    }

    private static byte[] Sample(Random random, int length)
    {
        var bytes = new byte[length];
        int alphabet = random.Next(1, 257), run = random.Next(2, 100);
        for (int i = 0; i < length;)
        {
            if (i > 10 && random.Next(2) == 0)
            {
                int from = random.Next(i);
                for (int n = random.Next(run * 3); n > 0 && i < length; n--)
                {
                    bytes[i++] = bytes[from++];
                }
            }

            for (int n = random.Next(run); n > 0 && i < length; n--)
            {
                bytes[i++] = (byte)random.Next(alphabet);
            }
        }

        return bytes;
    }
}
