using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Log directories, segments, retention, compaction, flushing and what is accepted into a log.</summary>
internal static class LogKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("log.dir", "/tmp/kafka-logs", "The directory for partition logs when log.dirs is not set."),
        List("log.dirs", null, "The directories for partition logs, several on different disks if wanted; without it log.dir counts."),
        List("cordoned.log.dirs", "", "Log directories that get no new partitions.")
            .PerBroker(),
        Long("log.dir.failure.timeout.ms", "30000", "A broker that cannot tell the controller of a failed log directory within this time stops.")
            .AtLeast(1),
        Int("num.partitions", "1", "Partitions that a topic gets when the request does not say how many.")
            .AtLeast(1),
        Boolean("auto.create.topics.enable", "true", "Whether asking for a missing topic by name creates it."),
        Boolean("delete.topic.enable", "true", "Whether topics may be deleted."),
        Int("num.recovery.threads.per.data.dir", "2", "Threads for each log directory that load logs at start and flush them at the end.")
            .AtLeast(1).ClusterWide(),
        Int("log.segment.bytes", "1073741824", "A segment that would grow beyond this size is closed and a new one begun.")
            .AtLeast(1_048_576).ClusterWide(),
        Long("log.roll.ms", null, "A segment whose first record is older than this is closed and a new one begun; without it log.roll.hours counts.")
            .ClusterWide(),
        Int("log.roll.hours", "168", "As log.roll.ms, in hours.")
            .AtLeast(1),
        Long("log.roll.jitter.ms", null, "Segments roll earlier by a random time up to this, so that they do not all roll at once; without it log.roll.jitter.hours counts.")
            .ClusterWide(),
        Int("log.roll.jitter.hours", "0", "As log.roll.jitter.ms, in hours.")
            .AtLeast(0),
        Long("log.retention.ms", null, "Segments whose newest record is older than this are deleted; -1 keeps them; without it log.retention.minutes counts, then log.retention.hours.")
            .ClusterWide(),
        Int("log.retention.minutes", null, "As log.retention.ms, in minutes."),
        Int("log.retention.hours", "168", "As log.retention.ms, in hours."),
        Long("log.retention.bytes", "-1", "The oldest segments of a partition are deleted while it is larger than this; -1 sets no limit.")
            .ClusterWide(),
        Long("log.retention.check.interval.ms", "300000", "How often logs are checked for segments to delete.")
            .AtLeast(1),
        Long("log.local.retention.bytes", "-2", "How much of a tiered partition stays on local disk; -2 means what log.retention.bytes says.")
            .AtLeast(-2).ClusterWide(),
        Long("log.local.retention.ms", "-2", "How long segments of a tiered partition stay on local disk; -2 means what log.retention.ms says.")
            .AtLeast(-2).ClusterWide(),
        List("log.cleanup.policy", "delete", "What happens to old segments: deleted, compacted to the latest value of each key, or both.")
            .Checked(ConfigRule.ListOf(emptyAllowed: true, "compact", "delete")).ClusterWide(),
        Boolean("log.cleaner.enable", "true", "Whether compaction runs."),
        Int("log.cleaner.threads", "1", "Threads that compact logs.")
            .AtLeast(0).ClusterWide(),
        Double("log.cleaner.io.max.bytes.per.second", "1.7976931348623157E308", "The cleaner reads and writes no more than this in a second, over all its threads.")
            .ClusterWide(),
        Long("log.cleaner.dedupe.buffer.size", "134217728", "Memory for the tables of keys of all cleaner threads together.")
            .ClusterWide(),
        Int("log.cleaner.io.buffer.size", "524288", "Memory for the read and write buffers of all cleaner threads together.")
            .AtLeast(0).ClusterWide(),
        Double("log.cleaner.io.buffer.load.factor", "0.9", "How full the table of keys may get, between 0 and 1.")
            .ClusterWide(),
        Long("log.cleaner.backoff.ms", "15000", "How long a cleaner thread rests when there is nothing to compact.")
            .AtLeast(0).ClusterWide(),
        Double("log.cleaner.min.cleanable.ratio", "0.5", "A log is compacted when at least this share of it has not been compacted yet.")
            .Within(0, 1).ClusterWide(),
        Long("log.cleaner.delete.retention.ms", "86400000", "How long a tombstone stays after its log was compacted, so that readers can see it.")
            .AtLeast(0).ClusterWide(),
        Long("log.cleaner.min.compaction.lag.ms", "0", "Records younger than this are not compacted.")
            .AtLeast(0).ClusterWide(),
        Long("log.cleaner.max.compaction.lag.ms", "9223372036854775807", "Records older than this are compacted whatever the dirty ratio is.")
            .AtLeast(1).ClusterWide(),
        Int("log.index.size.max.bytes", "10485760", "The largest size of an index file; a segment rolls when its index is full.")
            .AtLeast(4).ClusterWide(),
        Int("log.index.interval.bytes", "4096", "About how many bytes of records lie between two entries of the offset index.")
            .AtLeast(0).ClusterWide(),
        Long("log.flush.interval.messages", "9223372036854775807", "After this many records a log is flushed to disk; by default replication alone makes records durable.")
            .AtLeast(1).ClusterWide(),
        Long("log.flush.interval.ms", null, "After this time a log with unflushed records is flushed to disk; without it log.flush.scheduler.interval.ms counts.")
            .ClusterWide(),
        Long("log.flush.scheduler.interval.ms", "9223372036854775807", "How often logs are checked for records to flush."),
        Int("log.flush.offset.checkpoint.interval.ms", "60000", "How often recovery points are written to recovery-point-offset-checkpoint.")
            .AtLeast(0),
        Int("log.flush.start.offset.checkpoint.interval.ms", "60000", "How often the starts of logs are written to log-start-offset-checkpoint.")
            .AtLeast(0),
        Long("log.initial.task.delay.ms", "30000", "How long after the start the periodic work on logs begins.")
            .AtLeast(0).Internal(),
        Boolean("log.preallocate", "false", "Whether a new segment's file gets its full size at once.")
            .ClusterWide(),
        Long("log.segment.delete.delay.ms", "60000", "How long a deleted segment's files stay on disk under another name.")
            .AtLeast(0).ClusterWide(),
        String("log.message.timestamp.type", "CreateTime", "Whether a record carries the time of its creation or the time of its append.")
            .OneOf("CreateTime", "LogAppendTime").ClusterWide(),
        Long("log.message.timestamp.before.max.ms", "9223372036854775807", "How far before the broker's clock a record's time of creation may lie.")
            .AtLeast(0).ClusterWide(),
        Long("log.message.timestamp.after.max.ms", "3600000", "How far after the broker's clock a record's time of creation may lie.")
            .AtLeast(0).ClusterWide(),
        Int("message.max.bytes", "1048588", "The largest record batch, as sent, that the broker takes.")
            .AtLeast(0).ClusterWide(),
        String("compression.type", "producer", "The codec in which batches are stored; producer keeps what the producer used.")
            .OneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer").ClusterWide(),
        Int("compression.gzip.level", "-1", "The level at which the broker compresses with gzip.")
            .Checked(ConfigRule.GzipLevel).ClusterWide(),
        Int("compression.lz4.level", "9", "The level at which the broker compresses with lz4.")
            .Within(1, 17).ClusterWide(),
        Int("compression.zstd.level", "3", "The level at which the broker compresses with zstd.")
            .Within(-131_072, 22).ClusterWide(),
        Int("delete.records.purgatory.purge.interval.requests", "1", "After how many finished waits the list of waiting DeleteRecords requests is tidied."),
        Int("producer.purgatory.purge.interval.requests", "1000", "After how many finished waits the list of waiting produce requests is tidied."),
        Int("fetch.purgatory.purge.interval.requests", "1000", "After how many finished waits the list of waiting fetch requests is tidied."),
        Int("producer.id.expiration.ms", "86400000", "How long a partition remembers an idempotent producer that writes nothing.")
            .AtLeast(1).ClusterWide(),
        Int("producer.id.expiration.check.interval.ms", "600000", "How often partitions look for producers to forget.")
            .AtLeast(1).Internal(),
    ];
}
