using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Tidemark.System.Tests.Clients;

/// <summary>Confluent.Kafka in this process, over the distribution's librdkafka instead of one that a package carries.</summary>
public sealed class ConfluentDotnetClient : KafkaClient
{
    private const string NativeLibraryName = "librdkafka.so.1";
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(30);
    private static readonly Lazy<string?> Loading = new(Load);

    public override string Name => "Confluent.Kafka";

    public override string? Absence => Loading.Value;

    public override async Task CreateTopicAsync(string bootstrap, string topic)
    {
        using IAdminClient admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).SetLogHandler((_, _) => { }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = Partitions, ReplicationFactor = 1 }]);
    }

    public override async Task WriteAsync(string bootstrap, string topic, string codec, IReadOnlyList<OutgoingRecord> records)
    {
        ProducerConfig configuration = new()
        {
            BootstrapServers = bootstrap,
            CompressionType = Enum.Parse<CompressionType>(codec, ignoreCase: true),
            EnableIdempotence = true,
            LingerMs = 20,
        };
        using IProducer<byte[]?, byte[]?> producer = new ProducerBuilder<byte[]?, byte[]?>(configuration).SetLogHandler((_, _) => { }).Build();
        List<Task<DeliveryResult<byte[]?, byte[]?>>> sent = [];
        foreach (OutgoingRecord record in records)
        {
            Headers headers = [];
            foreach (RecordHeader header in record.Headers)
            {
                headers.Add(header.Name, Bytes(header.Value));
            }

            Message<byte[]?, byte[]?> message = new() { Key = Bytes(record.Key), Value = Bytes(record.Value), Headers = headers };
            message.Timestamp = record.TimestampMs is { } time ? new Timestamp(time, TimestampType.CreateTime) : Timestamp.Default;
            sent.Add(producer.ProduceAsync(new TopicPartition(topic, record.Partition), message));
        }

        await Task.WhenAll(sent);
    }

    public override Task<IReadOnlyList<IncomingRecord>> ReadAsync(string bootstrap, string topic, int partition, StartPosition start, int count)
    {
        ConsumerConfig configuration = new() { BootstrapServers = bootstrap, GroupId = "none", EnableAutoCommit = false, CheckCrcs = true };
        using IConsumer<byte[]?, byte[]?> consumer = new ConsumerBuilder<byte[]?, byte[]?>(configuration).SetLogHandler((_, _) => { }).Build();
        TopicPartition target = new(topic, partition);
        Offset offset = start.IsTime
            ? consumer.OffsetsForTimes([new TopicPartitionTimestamp(target, new Timestamp(start.Value, TimestampType.CreateTime))], AnswerTimeMax)[0].Offset
            : new Offset(start.Value);
        consumer.Assign(new TopicPartitionOffset(target, offset));
        List<IncomingRecord> read = [];
        while (read.Count < count && consumer.Consume(AnswerTimeMax) is { } result)
        {
            RecordHeader[] headers = result.Message.Headers.Select(header => new RecordHeader(header.Key, Text(header.GetValueBytes()))).ToArray();
            read.Add(new IncomingRecord(result.Offset.Value, result.Message.Timestamp.UnixTimestampMs, Text(result.Message.Key), Text(result.Message.Value), headers));
        }

        return Task.FromResult<IReadOnlyList<IncomingRecord>>(read);
    }

    private static byte[]? Bytes(string? text) => text == null ? null : Encoding.UTF8.GetBytes(text);

    private static string? Text(byte[]? bytes) => bytes == null ? null : Encoding.UTF8.GetString(bytes);

    private static string? Load()
    {
        if (!NativeLibrary.TryLoad(NativeLibraryName, out nint handle))
        {
            return "librdkafka1 is not installed";
        }

        // The package asks for libraries by names that only development packages provide.
        NativeLibrary.SetDllImportResolver(typeof(Library).Assembly, (name, _, _) => name switch
        {
            "librdkafka" => handle,
            "libdl" => NativeLibrary.Load("libc.so.6"),
            _ => nint.Zero,
        });
        Library.Load(NativeLibraryName);
        return NativeLibrary.TryGetExport(handle, "rd_kafka_message_leader_epoch", out _) || AnswerLeaderEpochsWithUnknown() ? null : "librdkafka is too old for this Confluent.Kafka";
    }

    /// <summary>Debian 12's librdkafka lacks the calls by which the package asks for leader epochs. The answer is put here instead: unknown.</summary>
    private static bool AnswerLeaderEpochsWithUnknown()
    {
        FieldInfo?[] calls = new[] { "_message_leader_epoch", "_topic_partition_get_leader_epoch" }
            .Select(name => typeof(Library).Assembly.GetType("Confluent.Kafka.Impl.Librdkafka")?.GetField(name, BindingFlags.Static | BindingFlags.NonPublic))
            .ToArray();
        foreach (FieldInfo? call in calls)
        {
            call?.SetValue(null, Delegate.CreateDelegate(call.FieldType, ((Func<nint, int>)UnknownLeaderEpoch).Method));
        }

        return calls.All(call => call != null);
    }

    private static int UnknownLeaderEpoch(nint record) => -1;
}
