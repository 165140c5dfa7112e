using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.System.Tests.Clients;

namespace Tidemark.System.Tests.BadInput;

/// <summary>Batches that are wrong in one place get the error code that Apache Kafka answers; they leave no trace in the log.</summary>
[Collection(BadInputCollection.Name)]
public class BadBatchTests(BrokerUnderAttack fixture)
{
    private const int LengthAt = 8;
    private const int MagicAt = 16;
    private const int CrcAt = 17;
    private const int AttributesAt = 21;
    private const int LastOffsetDeltaAt = 23;
    private const int CountAt = 57;
    private const string Topic = "bad-batches";

    private delegate byte[] Damage(byte[] batch);

    [ClientFact("Confluent.Kafka")]
    public async Task A_batch_that_is_wrong_in_one_place_gets_Kafkas_error_code_and_is_not_stored()
    {
        (string What, Damage Damage, ErrorCode? Expected)[] cases =
        [
            ("crc", batch => Flip(batch, CrcAt), ErrorCode.CorruptMessage),
            ("length 0", batch => Put(batch, LengthAt, 0), ErrorCode.CorruptMessage),
            ("length -1", batch => Put(batch, LengthAt, -1), ErrorCode.CorruptMessage),
            ("length beyond the data", batch => Put(batch, LengthAt, 4096), ErrorCode.InvalidRecord),
            ("length of two gigabytes", batch => Put(batch, LengthAt, int.MaxValue), null),
            ("cut by one byte", batch => batch[..^1], ErrorCode.InvalidRecord),
            ("cut within the header", batch => batch[..40], ErrorCode.InvalidRecord),
            ("twice", batch => [.. batch, .. batch], ErrorCode.InvalidRecord),
            ("magic 1", batch => Put(batch, MagicAt, 1), ErrorCode.InvalidRecord),
            ("magic 3", batch => Put(batch, MagicAt, 3), ErrorCode.CorruptMessage),
            ("count 0", batch => Put(batch, CountAt, 0), ErrorCode.InvalidRecord),
            ("count too large", batch => Put(batch, CountAt, int.MaxValue), ErrorCode.InvalidRecord),
            ("last offset delta", batch => Put(batch, LastOffsetDeltaAt, 5), ErrorCode.InvalidRecord),
            ("codec 6", batch => PutShort(batch, AttributesAt, 6), null),
            ("gzip that is none", batch => PutShort(batch, AttributesAt, 1), null),
            ("zstd that is none", batch => PutShort(batch, AttributesAt, 4), null),
            ("nothing", _ => [], ErrorCode.InvalidRecord),
        ];
        using RawConnection connection = await ConnectAsync(Topic);
        Assert.Equal(ErrorCode.None, (await connection.ProduceAsync(Topic, 0, Batch(2))).ErrorCode);
        List<string> differing = [];
        foreach ((string what, Damage damage, ErrorCode? expected) in cases)
        {
            ErrorCode answered = (await connection.ProduceAsync(Topic, 0, damage(Batch(2)))).ErrorCode;
            if (expected is { } code ? answered != code : answered == ErrorCode.None)
            {
                differing.Add($"{what}: {answered}, not {expected?.ToString() ?? "an error"}");
            }
        }

        Assert.Empty(differing);
        Assert.Equal(2, (await connection.ProduceAsync(Topic, 0, Batch(1))).BaseOffset);
        await fixture.OthersAreServedAsync();
    }

    [ClientFact("Confluent.Kafka")]
    public async Task Too_large_a_batch_a_time_far_ahead_and_a_topic_that_is_not_there_are_refused()
    {
        using RawConnection connection = await ConnectAsync("bad-limits");
        Assert.Equal(ErrorCode.MessageTooLarge, (await connection.ProduceAsync("bad-limits", 0, Batch(1, valueBytes: 1_100_000))).ErrorCode);
        long tomorrow = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds();
        Assert.Equal(ErrorCode.InvalidTimestamp, (await connection.ProduceAsync("bad-limits", 0, Batch(1, timestampMs: tomorrow))).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await connection.ProduceAsync("bad-limits", 99, Batch(1))).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await connection.ProduceAsync("nowhere", 0, Batch(1))).ErrorCode);
        await fixture.OthersAreServedAsync();
    }

    [ClientFact("Confluent.Kafka")]
    public async Task A_batch_that_unpacks_to_a_thousand_times_its_size_takes_bounded_memory()
    {
        using RawConnection connection = await ConnectAsync("bad-bombs");
        long before = fixture.Broker.ResidentBytes;
        foreach (CompressionCodec codec in new[] { CompressionCodec.Gzip, CompressionCodec.Zstd, CompressionCodec.Lz4 })
        {
            byte[] bomb = Batch(1, valueBytes: 100_000_000, codec: codec);
            Assert.True(bomb.Length < 1_000_000, $"{codec}: {bomb.Length}");
            await connection.ProduceAsync("bad-bombs", 0, bomb);
            await connection.ProduceAsync("bad-bombs", 0, Put(bomb, CountAt, int.MaxValue));
            await fixture.OthersAreServedAsync();
        }

        Assert.InRange(fixture.Broker.ResidentBytes - before, long.MinValue, 96 << 20);
    }

    private static byte[] Batch(int count, int valueBytes = 1, long? timestampMs = null, CompressionCodec codec = CompressionCodec.None)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { Codec = codec });
        for (int i = 0; i < count; i++)
        {
            builder.Append(timestampMs ?? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), "k"u8, new byte[valueBytes]);
        }

        return builder.Build().ToArray();
    }

    private static byte[] Flip(byte[] batch, int at)
    {
        batch[at] ^= 0x5a;
        return batch;
    }

    /// <summary>Puts a number (one byte for magic, which has no more) and makes the checksum right again.</summary>
    private static byte[] Put(byte[] batch, int at, int value)
    {
        if (at == MagicAt)
        {
            batch[at] = (byte)value;
        }
        else
        {
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(at), value);
        }

        return Checked(batch);
    }

    private static byte[] PutShort(byte[] batch, int at, short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(at), value);
        return Checked(batch);
    }

    private static byte[] Checked(byte[] batch)
    {
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(CrcAt), Crc32C.Compute(batch.AsSpan(AttributesAt)));
        return batch;
    }

    private async Task<RawConnection> ConnectAsync(string topic)
    {
        RawConnection connection = await RawConnection.OpenAsync(fixture.Broker.Port);
        CreateTopicsRequest request = new() { TimeoutMs = 10000 };
        request.Topics.Add(new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 });
        CreateTopicsResponse created = await connection.AskAsync<CreateTopicsResponse>(request, 5);
        Assert.Equal(ErrorCode.None, created.Topics.Single().ErrorCode);
        return connection;
    }
}
