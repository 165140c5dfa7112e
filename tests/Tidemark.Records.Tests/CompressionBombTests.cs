using System.Buffers.Binary;
using System.IO.Compression;
using Tidemark.Primitives;
using Tidemark.Records.Validation;

namespace Tidemark.Records.Tests;

/// <summary>A small batch may decompress to a gigabyte. It is judged without holding it.</summary>
public class CompressionBombTests
{
    private const int ValueSize = 400 << 20;
    private const int MemoryMax = 4 << 20;

    [Fact]
    public void A_zstd_bomb_is_judged_in_bounded_memory() => Judge(Batch(CompressionCodec.Zstd, ZstdOf(ValueSize)));

    [Fact]
    public void A_gzip_bomb_is_judged_in_bounded_memory() => Judge(Batch(CompressionCodec.Gzip, GzipOf(ValueSize / 2)));

    [Fact]
    public void A_snappy_block_that_claims_more_than_it_can_hold_takes_no_memory()
    {
        byte[] batch = Batch(CompressionCodec.Snappy, [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x00, 0x00]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(ErrorCode.InvalidRecord, BatchValidator.Validate(batch, 9, new BatchRules(), ProducedBatch.Now).ErrorCode);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < MemoryMax);
    }

    private static void Judge(byte[] batch)
    {
        var rules = new BatchRules();
        Assert.True(batch.Length < rules.BatchBytesMax);
        long before = GC.GetAllocatedBytesForCurrentThread();
        BatchValidation accepted = BatchValidator.Validate(batch, 9, rules, ProducedBatch.Now);
        Assert.True(accepted.IsAccepted, accepted.ErrorMessage);
        BatchValidation refused = BatchValidator.Validate(batch, 9, rules with { DecompressedBytesMax = 100 << 20 }, ProducedBatch.Now);
        Assert.Equal(ErrorCode.InvalidRecord, refused.ErrorCode);
        Assert.Equal(RecordFault.TooLarge, BatchPayload.TryOpen(new RecordBatchHeader(batch), MemoryMax / 4, out _));

        using var output = new Compression.PooledBytes();
        var plain = rules with { Codec = CompressionCodec.None };
        BatchValidation tooLarge = BatchReencoder.Reencode(batch, BatchValidator.Validate(batch, 9, plain, ProducedBatch.Now), plain, output);
        Assert.Equal(ErrorCode.MessageTooLarge, tooLarge.ErrorCode);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 * MemoryMax);
    }

    /// <summary>A record's bytes up to a value of so many zeros; the number of headers, 0, is one zero more.</summary>
    private static byte[] RecordBefore(int valueSize)
    {
        var fields = new byte[16];
        int size = 4;
        fields[3] = 1;
        size += WriteNumber(fields.AsSpan(size), valueSize);
        var record = new byte[32];
        int at = WriteNumber(record, size + valueSize + 1);
        fields.AsSpan(0, size).CopyTo(record.AsSpan(at));
        return record[..(at + size)];
    }

    private static int WriteNumber(Span<byte> output, int value)
    {
        int at = 0;
        for (uint raw = (uint)value << 1; ; raw >>= 7)
        {
            output[at++] = (byte)(raw >= 0x80 ? raw | 0x80 : raw);
            if (raw < 0x80)
            {
                return at;
            }
        }
    }

    /// <summary>A frame of one raw block and then blocks that each say "a byte, 128 KB times" (RFC 8878, 3.1.1.2).</summary>
    private static byte[] ZstdOf(int valueSize)
    {
        const int blockSize = 128 * 1024;
        byte[] record = RecordBefore(valueSize);
        var frame = new MemoryStream();
        frame.Write([0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58]);
        WriteBlock(frame, 0, record.Length, false);
        frame.Write(record);
        for (int left = valueSize + 1; left > 0; left -= blockSize)
        {
            WriteBlock(frame, 1, Math.Min(left, blockSize), left <= blockSize);
            frame.WriteByte(0);
        }

        return frame.ToArray();
    }

    private static void WriteBlock(Stream frame, int type, int size, bool last)
    {
        int header = (last ? 1 : 0) | (type << 1) | (size << 3);
        frame.Write([(byte)header, (byte)(header >> 8), (byte)(header >> 16)]);
    }

    private static byte[] GzipOf(int valueSize)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            gzip.Write(RecordBefore(valueSize));
            var zeros = new byte[1 << 20];
            for (int left = valueSize + 1; left > 0; left -= zeros.Length)
            {
                gzip.Write(zeros, 0, Math.Min(left, zeros.Length));
            }
        }

        return packed.ToArray();
    }

    private static byte[] Batch(CompressionCodec codec, byte[] payload)
    {
        byte[] batch = [.. ProducedBatch.Of().AsSpan(0, RecordBatchHeader.Size), .. payload];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        return batch.WithAttributes((short)codec);
    }
}
