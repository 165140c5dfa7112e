using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Records.Compression;
using Tidemark.Records.Validation;

namespace Tidemark.Records.Tests;

/// <summary>Whatever bytes arrive, reading them ends in a value: no exception, no endless loop, no memory that the bytes only claim.</summary>
public class MutationTests
{
    private const int DecompressedMax = 4 << 20;
    private static readonly BatchRules Rules = new() { DecompressedBytesMax = DecompressedMax };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Mutated_batches_are_read_or_refused(int seed)
    {
        var random = new Random(seed);
        foreach (BatchVector vector in BatchVectors.All.Where(v => v.Bytes.Length < 20_000))
        {
            for (int i = 0; i < 60; i++)
            {
                byte[] bytes = Mutate(random, vector.Bytes);
                bool repaired = random.Next(4) != 0 && bytes.Length > RecordBatchHeader.Size;
                if (repaired)
                {
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), Crc32C.Compute(bytes.AsSpan(21)));
                }

                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    ReadAll(bytes);
                }
                catch (Exception e)
                {
                    Assert.Fail($"seed {seed}, {vector.Name}, mutation {i}: {e}\n{Convert.ToHexString(bytes)}");
                }

                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(allocated < 8 * DecompressedMax, $"seed {seed}, {vector.Name}, mutation {i}: {allocated} bytes allocated\n{Convert.ToHexString(bytes)}");
            }
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Records_are_judged_alike_whether_they_were_compressed_or_not(int seed)
    {
        var random = new Random(seed);
        using var builder = new RecordBatchBuilder();
        for (int i = 0; i < 250; i++)
        {
            builder.Reset(RecordBatchOptions.Default);
            int count = random.Next(1, 6);
            for (int r = 0; r < count; r++)
            {
                var value = new byte[random.Next(8) == 0 ? random.Next(50_000, 200_000) : random.Next(40)];
                builder.Append(ProducedBatch.Now, random.Next(2) == 0 ? null : new byte[random.Next(5)], value, new RecordHeader("h", value.AsMemory(0, value.Length / 2)));
            }

            byte[] plain = builder.Build().ToArray();
            byte[] payload = random.Next(5) == 0 ? plain[RecordBatchHeader.Size..] : Mutate(random, plain[RecordBatchHeader.Size..], 120);
            BatchValidation expected = BatchValidator.Validate(Batch(plain, payload, CompressionCodec.None), 9, Rules, ProducedBatch.Now);
            foreach (CompressionCodec codec in CompressionCodecs.All[1..])
            {
                BatchValidation actual = BatchValidator.Validate(Batch(plain, payload, codec), 9, Rules, ProducedBatch.Now);
                Assert.True(
                    (expected.ErrorCode, expected.MaxTimestamp, expected.OffsetDeltaOfMaxTimestamp) == (actual.ErrorCode, actual.MaxTimestamp, actual.OffsetDeltaOfMaxTimestamp),
                    $"seed {seed}, batch {i}: plain {expected.ErrorCode} {expected.ErrorMessage}, {codec} {actual.ErrorCode} {actual.ErrorMessage}");
            }
        }
    }

    private static byte[] Batch(byte[] header, byte[] payload, CompressionCodec codec)
    {
        using var output = new PooledBytes();
        output.Write(header.AsSpan(0, RecordBatchHeader.Size));
        CodecEncoding.Append(codec, null, payload, output);
        byte[] batch = output.Span.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        return batch.WithAttributes((short)codec);
    }

    private static void ReadAll(byte[] bytes)
    {
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            RecordBatchHeader batch = walk.Current;
            batch.CrcIsValid();
            TransactionMarker.TryRead(batch, out _);
            if (BatchPayload.TryOpen(batch, DecompressedMax, out BatchPayload payload) == RecordFault.None)
            {
                using (payload)
                {
                    var reader = new RecordReader(batch, payload.Bytes);
                    while (reader.MoveNext(out RecordView record))
                    {
                        foreach (RecordHeaderWalk header in record.Headers)
                        {
                            _ = header.Key.Length + header.Value.Length;
                        }
                    }
                }
            }
        }

        _ = walk.Describe();
        BatchValidator.Validate(bytes, 9, Rules, ProducedBatch.Now);
        if (bytes.Length > 8)
        {
            bytes.AsSpan(0, 8).Clear();
            BatchValidator.Validate(bytes, 9, Rules, ProducedBatch.Now);
        }
    }

    private static byte[] Mutate(Random random, byte[] original, int within = int.MaxValue)
    {
        byte[] bytes = [.. original];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int at = random.Next(Math.Min(bytes.Length, random.Next(3) == 0 ? 90 : within));
            bytes[at] = random.Next(4) switch
            {
                0 => (byte)(bytes[at] ^ (1 << random.Next(8))),
                1 => 0xFF,
                2 => 0,
                _ => (byte)random.Next(256),
            };
        }

        return random.Next(6) switch
        {
            0 => bytes[..random.Next(bytes.Length)],
            1 => [.. bytes, .. bytes.AsSpan(0, random.Next(bytes.Length))],
            _ => bytes,
        };
    }
}
