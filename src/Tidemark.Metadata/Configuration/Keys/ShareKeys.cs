using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Share groups and the state of their records.</summary>
internal static class ShareKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("group.share.assignors", "simple", "The server-side assignors of share groups."),
        Int("group.share.session.timeout.ms", "45000", "A member of a share group that sends no heartbeat for this long is removed.")
            .AtLeast(1),
        Int("group.share.min.session.timeout.ms", "45000", "The shortest session timeout that a share group may be given.")
            .AtLeast(1),
        Int("group.share.max.session.timeout.ms", "60000", "The longest session timeout that a share group may be given.")
            .AtLeast(1),
        Int("group.share.heartbeat.interval.ms", "5000", "How often members of a share group send heartbeats.")
            .AtLeast(1),
        Int("group.share.min.heartbeat.interval.ms", "5000", "The shortest heartbeat interval that a share group may be given.")
            .AtLeast(1),
        Int("group.share.max.heartbeat.interval.ms", "15000", "The longest heartbeat interval that a share group may be given.")
            .AtLeast(1),
        Int("group.share.max.size", "200", "How many members a share group may have.")
            .Within(1, 1_000),
        Int("group.share.max.share.sessions", "2000", "How many share sessions a broker remembers.")
            .AtLeast(1),
        Int("group.share.record.lock.duration.ms", "30000", "How long a member of a share group keeps a record to itself.")
            .Within(1_000, 3_600_000),
        Int("group.share.min.record.lock.duration.ms", "15000", "The shortest lock duration that a share group may be given.")
            .Within(1_000, 30_000),
        Int("group.share.max.record.lock.duration.ms", "60000", "The longest lock duration that a share group may be given.")
            .Within(30_000, 3_600_000),
        Int("group.share.delivery.count.limit", "5", "How often a share group delivers a record before it gives up.")
            .Within(2, 10),
        Int("group.share.min.delivery.count.limit", "2", "The lowest delivery limit that a share group may be given.")
            .Within(2, 5),
        Int("group.share.max.delivery.count.limit", "10", "The highest delivery limit that a share group may be given.")
            .Within(5, 25),
        Int("group.share.partition.max.record.locks", "2000", "How many records of a partition a share group may have locked at once.")
            .Within(100, 10_000),
        Int("group.share.min.partition.max.record.locks", "100", "The lowest limit of locks that a share group may be given.")
            .Within(100, 2_000),
        Int("group.share.max.partition.max.record.locks", "4000", "The highest limit of locks that a share group may be given.")
            .Within(2_000, 10_000),
        Int("group.share.assignment.interval.ms", "1000", "The shortest time between two assignments of a share group.")
            .AtLeast(0).ClusterWide(),
        Int("group.share.min.assignment.interval.ms", "0", "The shortest assignment interval that a share group may be given.")
            .AtLeast(0),
        Int("group.share.max.assignment.interval.ms", "15000", "The longest assignment interval that a share group may be given.")
            .AtLeast(0),
        Int("group.share.initialize.retry.interval.ms", "30000", "How long to wait before the state of a share partition is initialised again.")
            .AtLeast(1).Internal(),
        String("group.share.persister.class.name", "org.apache.kafka.server.share.persister.DefaultStatePersister", "The class that keeps the state of share groups.")
            .Internal(),
        Int("share.coordinator.threads", "1", "Threads that run the share coordinator.")
            .AtLeast(1),
        Int("share.coordinator.append.linger.ms", "-1", "How long the share coordinator gathers records before it writes them; -1 adapts to the load.")
            .AtLeast(-1),
        Int("share.coordinator.cached.buffer.max.bytes", "1048588", "The largest write buffer that the share coordinator keeps for reuse.")
            .AtLeast(524_288).ClusterWide(),
        Int("share.coordinator.load.buffer.size", "5242880", "How many bytes of the share state topic are read at once when a coordinator loads it.")
            .AtLeast(1),
        Int("share.coordinator.write.timeout.ms", "5000", "How long a write of share state waits to be replicated.")
            .AtLeast(1),
        Int("share.coordinator.snapshot.update.records.per.snapshot", "500", "How many updates of a share partition are written between two full records.")
            .Within(0, 500),
        Int("share.coordinator.cold.partition.snapshot.interval.ms", "300000", "How often share partitions without traffic get a full record.")
            .AtLeast(1).Internal(),
        Int("share.coordinator.state.topic.compression.codec", "0", "The codec of the share state topic, by its number."),
        Short("share.coordinator.state.topic.min.isr", "2", "The in-sync replicas that the share state topic needs.")
            .AtLeast(1),
        Int("share.coordinator.state.topic.num.partitions", "50", "Partitions of the share state topic; not to be changed later.")
            .AtLeast(1),
        Int("share.coordinator.state.topic.prune.interval.ms", "300000", "How often records of the share state topic that nobody needs are removed.")
            .AtLeast(1).Internal(),
        Short("share.coordinator.state.topic.replication.factor", "3", "Replicas of the share state topic.")
            .AtLeast(1),
        Int("share.coordinator.state.topic.segment.bytes", "104857600", "The segment size of the share state topic.")
            .AtLeast(1),
        Int("share.fetch.purgatory.purge.interval.requests", "1000", "After how many finished waits the list of waiting share fetches is tidied."),
    ];
}
