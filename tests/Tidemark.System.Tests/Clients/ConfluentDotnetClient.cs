using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tidemark.Chaos.Clients;

namespace Tidemark.System.Tests.Clients;

/// <summary>Confluent.Kafka in this process, over the distribution's librdkafka instead of one that a package carries.</summary>
public sealed class ConfluentDotnetClient : KafkaClient
{
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(30);

    public override string Name => "Confluent.Kafka";

    public override string? Absence => Librdkafka.Absence;

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
}
