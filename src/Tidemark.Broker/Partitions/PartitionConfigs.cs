using System.Collections.Immutable;
using Tidemark.Broker.Replicating;
using Tidemark.Metadata.Configuration;
using Tidemark.Records;
using Tidemark.Records.Validation;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>Makes partitions' settings out of Kafka's topic keys. Topics without settings of their own share one.</summary>
internal sealed class PartitionConfigs
{
    private BrokerConfig? _broker;
    private PartitionConfig _ofAll = PartitionConfig.Default;

    public PartitionConfig Of(IReadOnlyDictionary<string, string> overrides, BrokerConfig broker)
    {
        if (!ReferenceEquals(broker, _broker))
        {
            _broker = broker;
            _ofAll = Read(ResourceConfig.OfTopic(ImmutableDictionary<string, string>.Empty, broker), broker);
        }

        return overrides.Count == 0 ? _ofAll : Read(ResourceConfig.OfTopic(overrides, broker), broker);
    }

    private static PartitionConfig Read(ResourceConfig topic, BrokerConfig broker)
    {
        ImmutableArray<string> policy = topic.GetList("cleanup.policy");
        bool compacts = policy.Contains("compact");
        var log = new LogOptions
        {
            SegmentBytes = topic.GetInt("segment.bytes"),
            SegmentMs = topic.GetLong("segment.ms"),
            SegmentJitterMs = topic.GetLong("segment.jitter.ms"),
            IndexBytesMax = topic.GetInt("segment.index.bytes"),
            IndexIntervalBytes = topic.GetInt("index.interval.bytes"),
            RetentionMs = topic.GetLong("retention.ms"),
            RetentionBytes = topic.GetLong("retention.bytes"),
            Deletes = policy.Contains("delete"),
            Compacts = compacts,
            FlushMessages = topic.GetLong("flush.messages"),
            FlushMs = topic.GetLong("flush.ms"),
            MinCleanableDirtyRatio = topic.GetDouble("min.cleanable.dirty.ratio"),
            MinCompactionLagMs = topic.GetLong("min.compaction.lag.ms"),
            MaxCompactionLagMs = topic.GetLong("max.compaction.lag.ms"),
            DeleteRetentionMs = topic.GetLong("delete.retention.ms"),
            ProducerIdExpirationMs = broker.GetInt("producer.id.expiration.ms"),
        };
        CompressionCodec? codec = CodecOf(topic.GetString("compression.type"));
        var batches = new BatchRules
        {
            BatchBytesMax = topic.GetInt("max.message.bytes"),
            TimestampType = topic.GetString("message.timestamp.type") == "LogAppendTime" ? TimestampType.LogAppendTime : TimestampType.CreateTime,
            TimestampBeforeMsMax = topic.GetLong("message.timestamp.before.max.ms"),
            TimestampAfterMsMax = topic.GetLong("message.timestamp.after.max.ms"),
            IsCompacted = compacts,
            Codec = codec,
            Level = codec switch
            {
                CompressionCodec.Gzip => topic.GetInt("compression.gzip.level"),
                CompressionCodec.Lz4 => topic.GetInt("compression.lz4.level"),
                CompressionCodec.Zstd => topic.GetInt("compression.zstd.level"),
                _ => null,
            },
        };
        return new PartitionConfig(log, batches, topic.GetInt("min.insync.replicas"))
        {
            LeaderThrottled = ThrottledReplicas.Parse(topic.GetList("leader.replication.throttled.replicas")),
            FollowerThrottled = ThrottledReplicas.Parse(topic.GetList("follower.replication.throttled.replicas")),
        };
    }

    private static CompressionCodec? CodecOf(string type) => type switch
    {
        "uncompressed" => CompressionCodec.None,
        "gzip" => CompressionCodec.Gzip,
        "snappy" => CompressionCodec.Snappy,
        "lz4" => CompressionCodec.Lz4,
        "zstd" => CompressionCodec.Zstd,
        _ => null,
    };
}
