using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>What can be set for a topic; where it is not, the broker keys named behind give the value.</summary>
internal static class TopicKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("cleanup.policy", "delete", "What happens to old segments: deleted, compacted to the latest value of each key, or both; empty keeps them for ever.")
            .Checked(ConfigRule.ListOf(emptyAllowed: true, "compact", "delete")).DefaultFrom("log.cleanup.policy"),
        String("compression.type", "producer", "The codec in which batches are stored; producer keeps what the producer used.")
            .OneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer").DefaultFrom("compression.type"),
        Int("compression.gzip.level", "-1", "The level at which the broker compresses with gzip.")
            .Checked(ConfigRule.GzipLevel).DefaultFrom("compression.gzip.level"),
        Int("compression.lz4.level", "9", "The level at which the broker compresses with lz4.")
            .Within(1, 17).DefaultFrom("compression.lz4.level"),
        Int("compression.zstd.level", "3", "The level at which the broker compresses with zstd.")
            .Within(-131_072, 22).DefaultFrom("compression.zstd.level"),
        Long("delete.retention.ms", "86400000", "How long a tombstone stays after the log was compacted, so that readers can see it.")
            .AtLeast(0).DefaultFrom("log.cleaner.delete.retention.ms"),
        Long("file.delete.delay.ms", "60000", "How long a deleted segment's files stay on disk under another name.")
            .AtLeast(0).DefaultFrom("log.segment.delete.delay.ms"),
        Long("flush.messages", "9223372036854775807", "After this many records the log is flushed to disk; by default replication alone makes records durable.")
            .AtLeast(1).DefaultFrom("log.flush.interval.messages"),
        Long("flush.ms", "9223372036854775807", "After this time unflushed records are flushed to disk.")
            .AtLeast(0).DefaultFrom("log.flush.interval.ms", "log.flush.scheduler.interval.ms"),
        List("follower.replication.throttled.replicas", "", "The replicas whose fetches are throttled: partition:broker pairs with commas, or * for all.")
            .Checked(ConfigRule.ThrottledReplicas),
        List("leader.replication.throttled.replicas", "", "The replicas to which the leader's answers are throttled: partition:broker pairs with commas, or * for all.")
            .Checked(ConfigRule.ThrottledReplicas),
        Int("index.interval.bytes", "4096", "About how many bytes of records lie between two entries of the offset index.")
            .AtLeast(0).DefaultFrom("log.index.interval.bytes"),
        Int("internal.segment.bytes", null, "The size at which a segment is closed, for tests.")
            .Internal(),
        Long("local.retention.bytes", "-2", "How much of a tiered partition stays on local disk; -2 means what retention.bytes says.")
            .AtLeast(-2).DefaultFrom("log.local.retention.bytes"),
        Long("local.retention.ms", "-2", "How long segments of a tiered partition stay on local disk; -2 means what retention.ms says.")
            .AtLeast(-2).DefaultFrom("log.local.retention.ms"),
        Long("max.compaction.lag.ms", "9223372036854775807", "Records older than this are compacted whatever the dirty ratio is.")
            .AtLeast(1).DefaultFrom("log.cleaner.max.compaction.lag.ms"),
        Int("max.message.bytes", "1048588", "The largest record batch, as sent, that the topic takes.")
            .AtLeast(0).DefaultFrom("message.max.bytes"),
        Long("message.timestamp.after.max.ms", "3600000", "How far after the broker's clock a record's time of creation may lie.")
            .AtLeast(0).DefaultFrom("log.message.timestamp.after.max.ms"),
        Long("message.timestamp.before.max.ms", "9223372036854775807", "How far before the broker's clock a record's time of creation may lie.")
            .AtLeast(0).DefaultFrom("log.message.timestamp.before.max.ms"),
        String("message.timestamp.type", "CreateTime", "Whether a record carries the time of its creation or the time of its append.")
            .OneOf("CreateTime", "LogAppendTime").DefaultFrom("log.message.timestamp.type"),
        Double("min.cleanable.dirty.ratio", "0.5", "The log is compacted when at least this share of it has not been compacted yet.")
            .Within(0, 1).DefaultFrom("log.cleaner.min.cleanable.ratio"),
        Long("min.compaction.lag.ms", "0", "Records younger than this are not compacted.")
            .AtLeast(0).DefaultFrom("log.cleaner.min.compaction.lag.ms"),
        Int("min.insync.replicas", "1", "How many replicas must hold a record before a producer with acks=all gets its acknowledgement.")
            .AtLeast(1).DefaultFrom("min.insync.replicas"),
        Boolean("preallocate", "false", "Whether a new segment's file gets its full size at once.")
            .DefaultFrom("log.preallocate"),
        Boolean("remote.log.copy.disable", "false", "Whether segments are no longer copied to remote storage."),
        Boolean("remote.log.delete.on.disable", "false", "Whether remote segments are deleted when tiered storage is switched off for the topic."),
        Boolean("remote.storage.enable", "false", "Whether the topic's older segments move to remote storage."),
        Long("retention.bytes", "-1", "The oldest segments of a partition are deleted while it is larger than this; -1 sets no limit.")
            .DefaultFrom("log.retention.bytes"),
        Long("retention.ms", "604800000", "Segments whose newest record is older than this are deleted; -1 keeps them.")
            .AtLeast(-1).DefaultFrom("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
        Int("segment.bytes", "1073741824", "A segment that would grow beyond this size is closed and a new one begun.")
            .AtLeast(1_048_576).DefaultFrom("log.segment.bytes"),
        Int("segment.index.bytes", "10485760", "The largest size of an index file; a segment rolls when its index is full.")
            .AtLeast(4).DefaultFrom("log.index.size.max.bytes"),
        Long("segment.jitter.ms", "0", "Segments roll earlier by a random time up to this, so that they do not all roll at once.")
            .AtLeast(0).DefaultFrom("log.roll.jitter.ms", "log.roll.jitter.hours"),
        Long("segment.ms", "604800000", "A segment whose first record is older than this is closed and a new one begun.")
            .AtLeast(1).DefaultFrom("log.roll.ms", "log.roll.hours"),
        Boolean("unclean.leader.election.enable", "false", "Whether a replica that is not known to hold every committed record may lead when no other is left; records may be lost.")
            .DefaultFrom("unclean.leader.election.enable"),
    ];
}
