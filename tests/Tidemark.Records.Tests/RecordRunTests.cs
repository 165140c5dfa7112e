using System.Buffers.Binary;
using System.Text;
using Tidemark.Primitives;
using Tidemark.Records.Validation;
using Xunit.Abstractions;

namespace Tidemark.Records.Tests;

/// <summary>Walking over many records at once finds what reading them one by one finds.</summary>
public class RecordRunTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Lz4)]
    public void Random_batches_right_and_broken_are_judged_as_the_reader_judges_them(CompressionCodec codec)
    {
        int accepted = 0, refused = 0;
        var rules = new BatchRules { TimestampAfterMsMax = long.MaxValue };
        for (int seed = 0; seed < 1500; seed++)
        {
            byte[] plain = RandomBatch(seed);
            var header = new RecordBatchHeader(plain);
            bool isReadable = Judge(header, out long maxTimestamp, out int indexOfMax, out bool dense);
            byte[] batch = codec == CompressionCodec.None ? plain : WithStoredLz4(plain);
            BatchValidation found = BatchValidator.Validate(batch, 9, rules, ProducedBatch.Now);
            if (found.IsAccepted != isReadable
                || (isReadable && (found.MaxTimestamp, found.OffsetDeltaOfMaxTimestamp, found.OffsetsAreDense) != (maxTimestamp, indexOfMax, dense)))
            {
                output.WriteLine($"seed {seed}: {found}");
                Assert.Fail($"seed {seed}: the reader says {isReadable}, {maxTimestamp} at {indexOfMax}, dense {dense}");
            }

            accepted += isReadable ? 1 : 0;
            refused += isReadable ? 0 : 1;
        }

        Assert.True(accepted > 300 && refused > 150, $"{accepted} accepted, {refused} refused");
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Lz4)]
    public void Every_wrong_record_between_right_ones_is_named(CompressionCodec codec)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions { Codec = codec });
        for (int i = 0; i < 500; i++)
        {
            byte[]? key = i % 100 == 70 ? null : [1];
            builder.Append(ProducedBatch.Now + (i % 100 == 50 ? 10_000 : 0), key, Encoding.UTF8.GetBytes($"value {i}"));
        }

        var rules = new BatchRules { IsCompacted = true, TimestampAfterMsMax = 5000 };
        BatchValidation refusal = BatchValidator.Validate(builder.Build().Span, 9, rules, ProducedBatch.Now);
        Assert.Equal(ErrorCode.InvalidTimestamp, refusal.ErrorCode);
        Assert.Equal([50, 70, 150, 170, 250, 270, 350, 370, 450, 470], refusal.RecordErrors!.Select(e => e.BatchIndex));
    }

    private static byte[] RandomBatch(int seed)
    {
        var random = new Random(seed);
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        int count = random.Next(1, 60);
        for (int i = 0; i < count; i++)
        {
            byte[]? key = random.Next(3) == 0 ? null : new byte[random.Next(0, 90)];
            byte[]? value = new byte[random.Next(20) == 0 ? random.Next(9000) : random.Next(150)];
            RecordHeader[] headers = random.Next(8) == 0 ? [new RecordHeader("h", new byte[3])] : [];
            builder.Append(ProducedBatch.Now + random.Next(random.Next(2) == 0 ? 50 : 20_000), key, random.Next(9) == 0 ? null : value, headers);
        }

        byte[] batch = builder.Build().ToArray();
        for (int changes = random.Next(3) == 0 ? 0 : random.Next(24); changes > 0; changes--)
        {
            int at = random.Next(RecordBatchHeader.Size, batch.Length);
            batch[at] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)(batch[at] + (random.Next(2) == 0 ? 1 : -1));
        }

        return WithCrc(batch);
    }

    private static bool Judge(RecordBatchHeader header, out long maxTimestamp, out int indexOfMax, out bool dense)
    {
        (maxTimestamp, indexOfMax, dense) = (-1, 0, true);
        var reader = new RecordReader(header, header.Payload);
        for (int i = 0; reader.MoveNext(out RecordView record); i++)
        {
            dense &= record.OffsetDelta == i;
            if (record.Timestamp > maxTimestamp)
            {
                (maxTimestamp, indexOfMax) = (record.Timestamp, i);
            }
        }

        return reader.Fault == RecordFault.None;
    }

    private static byte[] WithStoredLz4(byte[] batch)
    {
        byte[][] blocks = [.. batch.AsSpan(RecordBatchHeader.Size).ToArray().Chunk(50_000)];
        byte[] whole = [.. batch.AsSpan(0, RecordBatchHeader.Size), .. Lz4Frames.Of(0, 4, compressed: false, 0, blocks)];
        whole[22] = (byte)((whole[22] & ~7) | (int)CompressionCodec.Lz4);
        BinaryPrimitives.WriteInt32BigEndian(whole.AsSpan(8), whole.Length - 12);
        return WithCrc(whole);
    }

    private static byte[] WithCrc(byte[] batch)
    {
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)));
        return batch;
    }
}
