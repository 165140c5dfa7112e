using System.Text;
using System.Text.Json;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Tests;

public class BatchVectorTests
{
    public static TheoryData<string> Names => [.. BatchVectors.All.Select((vector, i) => $"{i} {vector.Name}")];

    [Theory]
    [MemberData(nameof(Names))]
    public void What_Kafka_wrote_reads_as_Kafka_says(string name)
    {
        BatchVector vector = Find(name);
        var walk = new BatchWalk(vector.Bytes);
        Assert.True(walk.MoveNext());
        RecordBatchHeader header = walk.Current;
        JsonElement json = vector.Json;
        Assert.True(header.CrcIsValid());
        Assert.Equal(json.GetProperty("baseOffset").GetInt64(), header.BaseOffset.Value);
        Assert.Equal(json.GetProperty("lastOffset").GetInt64(), header.LastOffset.Value);
        Assert.Equal(json.GetProperty("leaderEpoch").GetInt32(), header.LeaderEpoch.Value);
        Assert.Equal(json.GetProperty("codec").GetString(), CompressionCodecs.Name(header.Codec));
        Assert.Equal(json.GetProperty("timestampType").GetString(), header.TimestampType.ToString());
        Assert.Equal(json.GetProperty("maxTimestamp").GetInt64(), header.MaxTimestamp);
        Assert.Equal(json.GetProperty("transactional").GetBoolean(), header.IsTransactional);
        Assert.Equal(json.GetProperty("control").GetBoolean(), header.IsControl);
        Assert.Equal(json.GetProperty("producerId").GetInt64(), header.ProducerId.Value);
        Assert.Equal(json.GetProperty("producerEpoch").GetInt16(), header.ProducerEpoch);
        Assert.Equal(json.GetProperty("baseSequence").GetInt32(), header.BaseSequence);
        Assert.Equal(json.GetProperty("lastSequence").GetInt32(), header.LastSequence);
        JsonElement horizon = json.GetProperty("deleteHorizonMs");
        Assert.Equal(horizon.ValueKind == JsonValueKind.Null ? null : horizon.GetInt64(), header.DeleteHorizonMs);
        Assert.Equal(json.GetProperty("crc").GetUInt32(), header.Crc);

        using BatchPayload payload = BatchPayload.Open(header);
        var reader = new RecordReader(header, payload.Bytes);
        foreach (JsonElement expected in json.GetProperty("records").EnumerateArray())
        {
            Assert.True(reader.MoveNext(out RecordView record));
            Assert.Equal(expected.GetProperty("offset").GetInt64(), record.Offset);
            Assert.Equal(expected.GetProperty("timestamp").GetInt64(), record.Timestamp);
            Assert.Equal(Bytes(expected.GetProperty("key")), record.Key.ToArray());
            Assert.Equal(Bytes(expected.GetProperty("value")), record.Value.ToArray());
            RecordHeaderWalk headers = record.Headers;
            foreach (JsonElement pair in expected.GetProperty("headers").EnumerateArray())
            {
                Assert.True(headers.MoveNext());
                Assert.Equal(pair[0].GetString(), Encoding.UTF8.GetString(headers.Key));
                Assert.Equal(Bytes(pair[1]), headers.Value.ToArray());
            }

            Assert.False(headers.MoveNext());
        }

        Assert.False(reader.MoveNext(out _));
        Assert.Equal(RecordFault.None, reader.Fault);
        Assert.False(walk.MoveNext());
        Assert.Equal(BatchFault.None, walk.Fault);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Uncompressed_batches_are_built_again_byte_for_byte_and_others_to_the_same_records(string name)
    {
        BatchVector vector = Find(name);
        RecordBatchHeader header = vector.Header;
        RecordBatchOptions options = RecordBatchOptions.Like(header) with { LastOffset = header.LastOffset };
        using var builder = new RecordBatchBuilder(options);
        using BatchPayload payload = BatchPayload.Open(header);
        var reader = new RecordReader(header, payload.Bytes);
        while (reader.MoveNext(out RecordView record))
        {
            builder.Append(record);
        }

        var built = new RecordBatchHeader(builder.Build().Span);
        Assert.True(built.CrcIsValid());
        using BatchPayload again = BatchPayload.Open(built);

        // A batch that the broker stamped with its time keeps deltas that count from the producers' first timestamp.
        if (header.TimestampType == TimestampType.CreateTime)
        {
            Assert.True(payload.Bytes.SequenceEqual(again.Bytes));
            Assert.True(header.Bytes[21..RecordBatchHeader.Size].SequenceEqual(built.Bytes[21..RecordBatchHeader.Size]));
            Assert.True(header.Codec != CompressionCodec.None || header.Bytes.SequenceEqual(built.Bytes));
        }
    }

    private static BatchVector Find(string name) => BatchVectors.All[int.Parse(name[..name.IndexOf(' ')])];

    private static byte[]? Bytes(JsonElement json) => json.ValueKind == JsonValueKind.Null ? null : json.GetBytesFromBase64();
}
