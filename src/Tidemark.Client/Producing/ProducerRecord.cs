using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Client.Producing;

/// <summary>A record to write. A null value is a tombstone; without a partition the key decides, without a key the producer.</summary>
public readonly record struct ProducerRecord(string Topic, byte[]? Key, byte[]? Value)
{
    public int? Partition { get; init; }

    /// <summary>Milliseconds since 1970; the time of posting when null.</summary>
    public long? TimestampMs { get; init; }

    public RecordHeader[]? Headers { get; init; }
}

/// <summary>What became of a record. The offset is -1 where the broker did not say it (acks=0, a repetition that was dropped).</summary>
public readonly record struct Delivery(TopicPartition Partition, long Offset, ClientException? Error);
