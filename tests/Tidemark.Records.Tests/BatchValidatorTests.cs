using Tidemark.Primitives;
using Tidemark.Records.Validation;
using Tidemark.Tests.Shared;
using static Tidemark.Records.Tests.ProducedBatch;

namespace Tidemark.Records.Tests;

/// <summary>What Apache Kafka 4.3 answers to the same bytes, case by case; where it answers UNKNOWN_SERVER_ERROR, a code that fits.</summary>
public class BatchValidatorTests
{
    private static readonly BatchRules Rules = new();

    public static TheoryData<string, byte[], ErrorCode, bool> Cases => new()
    {
        { "a good batch", Of(2), ErrorCode.None, false },
        { "wrong CRC", Of(2).WithBadCrc(), ErrorCode.CorruptMessage, false },
        { "wrong CRC, gzip", Of(2, CompressionCodec.Gzip).WithBadCrc(), ErrorCode.CorruptMessage, false },
        { "length of a bare header", Of().Patched(8, "00000031"), ErrorCode.CorruptMessage, false },
        { "length of less than a header", Of().Patched(8, "00000030"), ErrorCode.CorruptMessage, false },
        { "length 0", Of().Patched(8, "00000000"), ErrorCode.CorruptMessage, false },
        { "length -1", Of().Patched(8, "ffffffff"), ErrorCode.CorruptMessage, false },
        { "length beyond all bounds", Of().Patched(8, "7fffffff"), ErrorCode.InvalidRecord, false },
        { "length of more than there is", Of().Patched(8, "00000100"), ErrorCode.InvalidRecord, false },
        { "cut by 1", Of()[..^1], ErrorCode.InvalidRecord, false },
        { "cut by 60", Of()[..^60], ErrorCode.InvalidRecord, false },
        { "nothing", [], ErrorCode.InvalidRecord, false },
        { "one byte", [0], ErrorCode.InvalidRecord, false },
        { "twelve zeros", new byte[12], ErrorCode.CorruptMessage, false },
        { "text", "GET / HTTP/1.1\r\nGET / HTTP/1.1\r\n\r\n"u8.ToArray(), ErrorCode.CorruptMessage, false },
        { "two batches", [.. Of(2), .. Of(2)], ErrorCode.InvalidRecord, false },
        { "half a batch behind it", [.. Of(2), .. Of(2)[..30]], ErrorCode.None, false },
        { "garbage behind it", [.. Of(2), .. "GET / HTTP/1.1\r\n\r\n"u8], ErrorCode.CorruptMessage, false },
        { "magic 3", Of().Patched(16, "03"), ErrorCode.CorruptMessage, false },
        { "magic -1", Of().Patched(16, "ff"), ErrorCode.CorruptMessage, false },
        { "magic 0", Of().Patched(16, "00"), ErrorCode.InvalidRecord, false },
        { "magic 1", Of().Patched(16, "01"), ErrorCode.InvalidRecord, false },
        { "count 0", Of(2).WithCount(0), ErrorCode.InvalidRecord, true },
        { "count 1 of 2", Of(2).WithCount(1), ErrorCode.InvalidRecord, true },
        { "count 3 of 2", Of(2).WithCount(3), ErrorCode.InvalidRecord, true },
        { "count -1", Of(2).WithCount(-1), ErrorCode.InvalidRecord, true },
        { "largest count", Of(2).WithCount(int.MaxValue), ErrorCode.InvalidRecord, true },
        { "last delta 0 of 2", Of(2).WithLastDelta(0), ErrorCode.InvalidRecord, true },
        { "last delta -1", Of(2).WithLastDelta(-1), ErrorCode.InvalidRecord, true },
        { "largest last delta", Of(2).WithLastDelta(int.MaxValue), ErrorCode.InvalidRecord, true },
        { "largest count and delta", Of(2).WithCount(int.MaxValue).WithLastDelta(int.MaxValue - 1), ErrorCode.InvalidRecord, true },
        { "more said than there", Of(2).WithCount(3).WithLastDelta(2), ErrorCode.InvalidRecord, true },
        { "less said than there", Of(2).WithCount(1).WithLastDelta(0), ErrorCode.InvalidRecord, true },
        { "none said", Of(2).WithCount(0).WithLastDelta(-1), ErrorCode.InvalidRecord, true },
        { "more said than there, gzip", Of(2, CompressionCodec.Gzip).WithCount(3).WithLastDelta(2), ErrorCode.InvalidRecord, true },
        { "less said than there, lz4", Of(2, CompressionCodec.Lz4).WithCount(1).WithLastDelta(0), ErrorCode.InvalidRecord, true },
        { "plain said to be gzip", Of().WithAttributes(1), ErrorCode.InvalidRecord, true },
        { "plain said to be snappy", Of().WithAttributes(2), ErrorCode.InvalidRecord, true },
        { "plain said to be lz4", Of().WithAttributes(3), ErrorCode.InvalidRecord, true },
        { "plain said to be zstd", Of().WithAttributes(4), ErrorCode.InvalidRecord, true },
        { "gzip said to be snappy", Of(2, CompressionCodec.Gzip).WithAttributes(2), ErrorCode.InvalidRecord, true },
        { "gzip said to be plain", Of(2, CompressionCodec.Gzip).WithAttributes(0), ErrorCode.InvalidRecord, true },
        { "codec 5", Of().WithAttributes(5), ErrorCode.UnsupportedCompressionType, true },
        { "codec 7", Of().WithAttributes(7), ErrorCode.UnsupportedCompressionType, true },
        { "control", Of().WithAttributes(32), ErrorCode.InvalidRecord, true },
        { "delete horizon", Of().WithAttributes(64), ErrorCode.None, false },
        { "unused attribute 128", Of().WithAttributes(128), ErrorCode.None, false },
        { "unused attribute 256", Of().WithAttributes(256), ErrorCode.None, false },
        { "unused attribute 32768", Of().WithAttributes(-32768), ErrorCode.None, false },
        { "LogAppendTime to a CreateTime topic", Of().WithAttributes(8), ErrorCode.None, false },
        { "base offset 100", Of(2, baseOffset: 100), ErrorCode.InvalidRecord, true },
        { "base offset -1", Of(2).Patched(0, "ffffffffffffffff"), ErrorCode.InvalidRecord, true },
        { "base offset 7, gzip", Of(2, CompressionCodec.Gzip, baseOffset: 7), ErrorCode.InvalidRecord, true },
        { "a leader epoch", Of(2).Patched(12, "00000009"), ErrorCode.None, false },
        { "record length 0", Of().Patched(61, "00"), ErrorCode.InvalidRecord, true },
        { "record length that goes on", Of().Patched(61, "ff"), ErrorCode.InvalidRecord, true },
        { "record length too large", Of().Patched(61, "7e"), ErrorCode.InvalidRecord, true },
        { "record length too small", Of().Patched(61, "06"), ErrorCode.InvalidRecord, true },
        { "record attributes", Of().Patched(62, "01"), ErrorCode.None, false },
        { "timestamp delta", Of().Patched(63, "7f"), ErrorCode.None, false },
        { "offset delta 2", Of().Patched(64, "04"), ErrorCode.None, false },
        { "offset delta -1", Of().Patched(64, "01"), ErrorCode.None, false },
        { "key length too large", Of().Patched(65, "7e"), ErrorCode.InvalidRecord, true },
        { "an empty key", Of().Patched(65, "00"), ErrorCode.None, false },
        { "value length too large", Of().Patched(66, "7e"), ErrorCode.InvalidRecord, true },
        { "value length 0", Of().Patched(66, "00"), ErrorCode.InvalidRecord, true },
        { "value length that goes on", Of().Patched(66, "ff"), ErrorCode.InvalidRecord, true },
        { "another value", Of().Patched(68, "02"), ErrorCode.None, false },
        { "one header that is not there", Of().Patched(69, "02"), ErrorCode.InvalidRecord, true },
        { "header count -1", Of().Patched(69, "01"), ErrorCode.InvalidRecord, true },
        { "header count 63", Of().Patched(69, "7e"), ErrorCode.InvalidRecord, true },
        { "epoch and sequence without a producer", Of().Patched(51, "0000").Patched(53, "00000000"), ErrorCode.None, false },
        { "producer -2", Of(producerId: -2, sequence: 0), ErrorCode.None, false },
        { "producer without an epoch", Of(producerId: 5, sequence: 0).Patched(51, "ffff"), ErrorCode.None, false },
        { "producer without a sequence", Of(producerId: 5, sequence: -1), ErrorCode.InvalidRecord, true },
        { "producer with sequence -2", Of(producerId: 5, sequence: -2), ErrorCode.InvalidRecord, true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_batch_gets_the_code_that_Kafka_gives(string name, byte[] records, ErrorCode expected, bool tellsLogStart)
    {
        BatchValidation result = BatchValidator.Validate(records, 9, Rules, Now);
        Assert.True(expected == result.ErrorCode, $"{name}: {result.ErrorCode} {result.ErrorMessage}");
        Assert.Equal(tellsLogStart, result.TellsLogStartOffset);
        Assert.Equal(expected == ErrorCode.None, result.ErrorMessage is null);
    }

    [Theory]
    [InlineData(6, ErrorCode.UnsupportedCompressionType)]
    [InlineData(7, ErrorCode.None)]
    public void Zstd_is_taken_since_version_7(short version, ErrorCode expected) =>
        Assert.Equal(expected, BatchValidator.Validate(Of(3, CompressionCodec.Zstd), version, Rules, Now).ErrorCode);

    [Fact]
    public void The_size_limit_counts_the_batch_as_it_is_sent()
    {
        byte[] plain = Of(1, value: new string('x', 200));
        byte[] packed = Of(1, CompressionCodec.Gzip, value: new string('x', 200));
        var rules = new BatchRules { BatchBytesMax = 200 };
        BatchValidation refused = BatchValidator.Validate(plain, 9, rules, Now);
        Assert.Equal(ErrorCode.MessageTooLarge, refused.ErrorCode);
        Assert.False(refused.TellsLogStartOffset);
        Assert.True(BatchValidator.Validate(packed, 9, rules, Now).IsAccepted);
        Assert.True(BatchValidator.Validate(plain, 9, rules with { BatchBytesMax = plain.Length }, Now).IsAccepted);
        Assert.False(BatchValidator.Validate(plain, 9, rules with { BatchBytesMax = plain.Length - 1 }, Now).IsAccepted);
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    [InlineData(CompressionCodec.Zstd)]
    public void Timestamps_outside_of_the_limits_are_told_one_by_one(CompressionCodec codec)
    {
        var rules = new BatchRules { TimestampBeforeMsMax = 100_000, TimestampAfterMsMax = 100_000 };
        BatchValidation late = BatchValidator.Validate(Of(3, codec, step: 2_000_000), 9, rules, Now);
        Assert.Equal(ErrorCode.InvalidTimestamp, late.ErrorCode);
        Assert.True(late.TellsLogStartOffset);
        Assert.Equal([1, 2], late.RecordErrors!.Select(e => e.BatchIndex));
        BatchValidation early = BatchValidator.Validate(Of(3, codec, step: -2_000_000), 9, rules, Now);
        Assert.Equal([1, 2], early.RecordErrors!.Select(e => e.BatchIndex));
        Assert.True(BatchValidator.Validate(Of(2, codec, timestamp: Now - 100_000), 9, rules, Now).IsAccepted);
        Assert.True(BatchValidator.Validate(Of(1, codec, timestamp: -1), 9, rules, Now).IsAccepted);
        Assert.Equal(ErrorCode.InvalidTimestamp, BatchValidator.Validate(Of(1, codec, timestamp: 0), 9, rules, Now).ErrorCode);
        Assert.True(BatchValidator.Validate(Of(1, codec, timestamp: 0), 9, Rules, Now).IsAccepted);
        Assert.Equal(ErrorCode.InvalidTimestamp, BatchValidator.Validate(Of(1, codec, timestamp: 3_900_000_000_000), 9, Rules, Now).ErrorCode);
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Snappy)]
    public void A_topic_with_append_time_takes_any_time_but_not_a_batch_that_claims_it(CompressionCodec codec)
    {
        var rules = new BatchRules { TimestampType = TimestampType.LogAppendTime, TimestampBeforeMsMax = 0, TimestampAfterMsMax = 0 };
        byte[] batch = Of(3, codec, timestamp: 77);
        BatchValidation accepted = BatchValidator.Validate(batch, 9, rules, Now);
        Assert.True(accepted.IsAccepted);
        accepted.StampTimestamps(batch);
        var header = new RecordBatchHeader(batch);
        Assert.Equal((TimestampType.LogAppendTime, Now, true), (header.TimestampType, header.MaxTimestamp, header.CrcIsValid()));

        BatchValidation refused = BatchValidator.Validate(Of(2, codec).WithAttributes((short)(8 | (short)codec)), 9, rules, Now);
        Assert.Equal(ErrorCode.InvalidTimestamp, refused.ErrorCode);
        Assert.Equal([0, 1], refused.RecordErrors!.Select(e => e.BatchIndex));
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Lz4)]
    public void A_compacted_topic_needs_keys(CompressionCodec codec)
    {
        var rules = new BatchRules { IsCompacted = true };
        BatchValidation refused = BatchValidator.Validate(Of(3, codec), 9, rules, Now);
        Assert.Equal(ErrorCode.InvalidRecord, refused.ErrorCode);
        Assert.Equal([0, 1, 2], refused.RecordErrors!.Select(e => e.BatchIndex));
        Assert.True(BatchValidator.Validate(Of(3, codec, key: "k"), 9, rules, Now).IsAccepted);
        Assert.Equal(BatchValidator.RecordErrorsMax, BatchValidator.Validate(Of(5000, codec), 9, rules, Now).RecordErrors!.Count);
    }

    [Fact]
    public void The_max_timestamp_is_found_in_the_records_and_stamped_where_the_header_says_another()
    {
        byte[] batch = Of(4, step: -10).Patched(35, "0000000000000007");
        BatchValidation result = BatchValidator.Validate(batch, 9, Rules, Now);
        Assert.Equal((Now, 0, 4), (result.MaxTimestamp, result.OffsetDeltaOfMaxTimestamp, result.RecordCount));
        result.StampTimestamps(batch);
        Assert.Equal(Now, new RecordBatchHeader(batch).MaxTimestamp);
        Assert.True(new RecordBatchHeader(batch).CrcIsValid());
        Assert.Equal(3, BatchValidator.Validate(Of(4), 9, Rules, Now).OffsetDeltaOfMaxTimestamp);
    }

    [Fact]
    public void Checking_a_plain_batch_allocates_nothing()
    {
        byte[] batch = Of(500, value: new string('x', 100));
        Assert.Equal(0, Allocated.By(() => BatchValidator.Validate(batch, 9, Rules, Now).StampTimestamps(batch), allowed: 0));
    }
}
