using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Tiered storage.</summary>
internal static class RemoteLogKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        Boolean("follower.fetch.last.tiered.offset.enable", "false", "Whether a new follower of a tiered topic starts at the end of what is tiered.")
            .ClusterWide(),
        Int("remote.fetch.max.wait.ms", "500", "How long a fetch waits for records from remote storage.")
            .AtLeast(1).ClusterWide(),
        Long("remote.list.offsets.request.timeout.ms", "30000", "How long a look-up of offsets waits for remote storage.")
            .AtLeast(1).ClusterWide(),
        Long("remote.log.index.file.cache.total.size.bytes", "1073741824", "How many bytes of remote index files are kept on local disk.")
            .AtLeast(1).ClusterWide(),
        Long("remote.log.index.file.cache.ttl.ms", "900000", "How long remote index files are kept on local disk; -1 sets no limit.")
            .AtLeast(-1).Internal(),
        Int("remote.log.manager.copier.thread.pool.size", "10", "Threads that copy segments to remote storage.")
            .AtLeast(1).ClusterWide(),
        Long("remote.log.manager.copy.max.bytes.per.second", "9223372036854775807", "How many bytes are copied to remote storage in a second.")
            .AtLeast(1).ClusterWide(),
        Int("remote.log.manager.copy.quota.window.num", "11", "Samples kept to measure copying to remote storage.")
            .AtLeast(1),
        Int("remote.log.manager.copy.quota.window.size.seconds", "1", "The span of each sample of copying to remote storage.")
            .AtLeast(1),
        Int("remote.log.manager.expiration.thread.pool.size", "10", "Threads that delete old segments from remote storage.")
            .AtLeast(1).ClusterWide(),
        Long("remote.log.manager.fetch.max.bytes.per.second", "9223372036854775807", "How many bytes are read from remote storage in a second.")
            .AtLeast(1).ClusterWide(),
        Int("remote.log.manager.fetch.quota.window.num", "11", "Samples kept to measure reading from remote storage.")
            .AtLeast(1),
        Int("remote.log.manager.fetch.quota.window.size.seconds", "1", "The span of each sample of reading from remote storage.")
            .AtLeast(1),
        Int("remote.log.manager.follower.thread.pool.size", "2", "Threads that follow the remote state of partitions led elsewhere.")
            .AtLeast(1).ClusterWide(),
        Long("remote.log.manager.task.interval.ms", "30000", "How often segments are copied and old ones deleted.")
            .AtLeast(1),
        Long("remote.log.manager.task.retry.backoff.max.ms", "30000", "The longest pause before failed work on remote storage is tried again.")
            .AtLeast(1).Internal(),
        Long("remote.log.manager.task.retry.backoff.ms", "500", "The first pause before failed work on remote storage is tried again.")
            .AtLeast(1).Internal(),
        Double("remote.log.manager.task.retry.jitter", "0.2", "The random part of the pause before failed work on remote storage is tried again.")
            .Within(0, 0.5).Internal(),
        Int("remote.log.manager.thread.pool.size", "2", "Threads for work on remote storage that has no pool of its own.")
            .AtLeast(1),
        Int("remote.log.metadata.custom.metadata.max.bytes", "128", "How much a storage plugin may store with each remote segment.")
            .AtLeast(0),
        String("remote.log.metadata.manager.class.name", "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager", "The class that keeps the list of remote segments.")
            .Checked(ConfigRule.NonEmptyString),
        String("remote.log.metadata.manager.class.path", null, "Where that class is loaded from."),
        String("remote.log.metadata.manager.impl.prefix", "rlmm.config.", "The prefix of the keys that are given to that class.")
            .Checked(ConfigRule.NonEmptyString),
        String("remote.log.metadata.manager.listener.name", null, "The listener over which that class reaches the brokers.")
            .Checked(ConfigRule.NonEmptyString),
        Int("remote.log.reader.max.pending.tasks", "100", "How many reads of remote storage may wait.")
            .AtLeast(1),
        Int("remote.log.reader.threads", "10", "Threads that read from remote storage.")
            .AtLeast(1).ClusterWide(),
        String("remote.log.storage.manager.class.name", null, "The class that stores segments remotely.")
            .Checked(ConfigRule.NonEmptyString),
        String("remote.log.storage.manager.class.path", null, "Where that class is loaded from."),
        String("remote.log.storage.manager.impl.prefix", "rsm.config.", "The prefix of the keys that are given to that class.")
            .Checked(ConfigRule.NonEmptyString),
        Boolean("remote.log.storage.system.enable", "false", "Whether tiered storage is available on this broker."),
    ];
}
