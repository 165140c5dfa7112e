using System.Text;
using Tidemark.Primitives;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Tests;

public class CodecTests
{
    public static TheoryData<CompressionCodec, int?> Levels => new()
    {
        { CompressionCodec.None, null },
        { CompressionCodec.Gzip, null },
        { CompressionCodec.Gzip, 1 },
        { CompressionCodec.Gzip, 9 },
        { CompressionCodec.Snappy, null },
        { CompressionCodec.Lz4, null },
        { CompressionCodec.Lz4, 1 },
        { CompressionCodec.Lz4, 12 },
        { CompressionCodec.Zstd, null },
        { CompressionCodec.Zstd, -5 },
        { CompressionCodec.Zstd, 12 },
    };

    [Theory]
    [MemberData(nameof(Levels))]
    public void What_is_written_at_any_level_reads_back(CompressionCodec codec, int? level)
    {
        using var builder = new RecordBatchBuilder();
        for (int seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            builder.Reset(new RecordBatchOptions { Codec = codec, Level = level, BaseOffset = new Offset(seed * 1000L) });
            int count = random.Next(1, 300);
            byte[][] values = [.. Enumerable.Range(0, count).Select(i => RandomText(random, i == 0 ? 200_000 : 400))];
            for (int i = 0; i < count; i++)
            {
                byte[]? key = i % 3 == 0 ? null : Encoding.UTF8.GetBytes($"key-{i}");
                builder.Append(1_790_000_000_000 + random.Next(-5000, 5000), key, i % 7 == 6 ? RecordBytes.Null : values[i], new RecordHeader("größe", values[i].AsMemory(0, 2)), new RecordHeader("", null));
            }

            var header = new RecordBatchHeader(builder.Build().Span);
            Assert.True(header.CrcIsValid());
            Assert.Equal(codec, header.Codec);
            Assert.Equal(count, header.RecordCount);
            using BatchPayload payload = BatchPayload.Open(header);
            var reader = new RecordReader(header, payload.Bytes);
            for (int i = 0; i < count; i++)
            {
                Assert.True(reader.MoveNext(out RecordView record), $"seed {seed}, record {i}: {reader.Fault}");
                Assert.Equal((seed * 1000L) + i, record.Offset);
                Assert.Equal(i % 3 == 0 ? null : $"key-{i}", record.Key.IsNull ? null : Encoding.UTF8.GetString(record.Key.Span));
                Assert.Equal(i % 7 == 6 ? null : values[i], record.Value.ToArray());
                Assert.Equal(2, record.HeaderCount);
            }

            Assert.False(reader.MoveNext(out _));
            reader.ThrowIfFaulty();
        }
    }

    [Fact]
    public void Every_codec_has_a_name_that_reads_back_and_works_here()
    {
        foreach (CompressionCodec codec in CompressionCodecs.All)
        {
            Assert.True(CompressionCodecs.TryParse(CompressionCodecs.Name(codec), out CompressionCodec parsed));
            Assert.Equal(codec, parsed);
            Assert.True(CompressionCodecs.IsAvailable(codec), CompressionCodecs.WhyUnavailable(codec));
            Assert.True(CompressionCodecs.IsValidLevel(codec, CompressionCodecs.DefaultLevel(codec)));
        }

        Assert.False(CompressionCodecs.IsAvailable((CompressionCodec)5));
        Assert.NotNull(CompressionCodecs.WhyUnavailable((CompressionCodec)7));
        Assert.False(CompressionCodecs.TryParse("brotli", out _));
    }

    private static byte[] RandomText(Random random, int length)
    {
        var text = new byte[random.Next(2, length)];
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = (byte)(i % 50 < 25 ? 'a' + random.Next(26) : 'x');
        }

        return text;
    }
}
