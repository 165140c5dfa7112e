using Tidemark.Primitives;
using Tidemark.Records.Compression;
using Tidemark.Records.Validation;
using static Tidemark.Records.Tests.ProducedBatch;

namespace Tidemark.Records.Tests;

public class BatchReencoderTests
{
    public static TheoryData<CompressionCodec, CompressionCodec> Pairs
    {
        get
        {
            var pairs = new TheoryData<CompressionCodec, CompressionCodec>();
            foreach (CompressionCodec from in CompressionCodecs.All)
            {
                foreach (CompressionCodec to in CompressionCodecs.All)
                {
                    pairs.Add(from, to);
                }
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_batch_is_written_anew_in_the_topics_codec(CompressionCodec from, CompressionCodec to)
    {
        byte[] batch = Of(700, from, key: "k", value: new string('y', 300), producerId: 9, sequence: 4, transactional: true);
        var rules = new BatchRules { Codec = to };
        BatchValidation result = BatchValidator.Validate(batch, 9, rules, Now);
        Assert.Equal(from != to, result.NeedsReencoding);
        if (from == to)
        {
            return;
        }

        using var output = new PooledBytes();
        BatchValidation done = BatchReencoder.Reencode(batch, result, rules, output);
        Assert.True(done.IsAccepted, done.ErrorMessage);
        Assert.Equal(output.Length, done.SizeInBytes);
        var header = new RecordBatchHeader(output.Span);
        Assert.True(header.CrcIsValid());
        Assert.Equal((to, 700, 9L, 4, true), (header.Codec, header.RecordCount, header.ProducerId.Value, header.BaseSequence, header.IsTransactional));
        using BatchPayload before = BatchPayload.Open(new RecordBatchHeader(batch)), after = BatchPayload.Open(header);
        Assert.True(before.Bytes.SequenceEqual(after.Bytes));
        Assert.True(BatchValidator.Validate(output.Span, 9, rules, Now) is { IsAccepted: true, NeedsReencoding: false });
    }

    [Fact]
    public void Records_that_are_numbered_wrong_are_numbered_anew()
    {
        byte[] batch = Of(1).Patched(64, "04");
        var rules = new BatchRules { Codec = CompressionCodec.Gzip };
        using var output = new PooledBytes();
        Assert.True(BatchReencoder.Reencode(batch, BatchValidator.Validate(batch, 9, rules, Now), rules, output).IsAccepted);
        var header = new RecordBatchHeader(output.Span);
        using BatchPayload payload = BatchPayload.Open(header);
        var reader = new RecordReader(header, payload.Bytes);
        Assert.True(reader.MoveNext(out RecordView record));
        Assert.Equal(0, record.OffsetDelta);
        Assert.True(header.CrcIsValid());
    }

    [Fact]
    public void A_batch_that_grows_beyond_the_topics_limit_is_refused()
    {
        byte[] batch = Of(10_000, CompressionCodec.Zstd, value: new string('z', 200));
        var rules = new BatchRules { Codec = CompressionCodec.None, BatchBytesMax = 500_000 };
        using var output = new PooledBytes();
        output.Write([1, 2, 3]);
        BatchValidation result = BatchReencoder.Reencode(batch, BatchValidator.Validate(batch, 9, rules, Now), rules, output);
        Assert.Equal(ErrorCode.MessageTooLarge, result.ErrorCode);
        Assert.Equal(3, output.Length);
    }

    [Fact]
    public void Append_time_is_written_with_the_new_codec()
    {
        byte[] batch = Of(2, CompressionCodec.Lz4, timestamp: 5);
        var rules = new BatchRules { Codec = CompressionCodec.Snappy, TimestampType = TimestampType.LogAppendTime };
        using var output = new PooledBytes();
        BatchReencoder.Reencode(batch, BatchValidator.Validate(batch, 9, rules, Now), rules, output);
        var header = new RecordBatchHeader(output.Span);
        Assert.Equal((TimestampType.LogAppendTime, Now, CompressionCodec.Snappy, true), (header.TimestampType, header.MaxTimestamp, header.Codec, header.CrcIsValid()));
    }
}
