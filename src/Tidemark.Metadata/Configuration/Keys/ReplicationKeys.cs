using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>How partitions are replicated and who leads them.</summary>
internal static class ReplicationKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        Int("default.replication.factor", "1", "Replicas that a topic gets when neither the request nor an assignment says how many."),
        Int("min.insync.replicas", "1", "How many replicas must hold a record before a producer with acks=all gets its acknowledgement.")
            .AtLeast(1).ClusterWide(),
        Boolean("unclean.leader.election.enable", "false", "Whether a replica that is not known to hold every committed record may lead when no other is left; records may be lost.")
            .ClusterWide(),
        Long("unclean.leader.election.interval.ms", "300000", "How often the controller looks for leaderless partitions whose topics allow unclean leaders.")
            .AtLeast(1).Internal(),
        Long("replica.lag.time.max.ms", "30000", "A follower that has not caught up with its leader for this long leaves the in-sync replicas."),
        Int("replica.fetch.wait.max.ms", "500", "The longest that a follower's fetch waits at the leader for new records."),
        Int("replica.fetch.min.bytes", "1", "How many bytes a follower's fetch waits for."),
        Int("replica.fetch.max.bytes", "1048576", "How many bytes a follower takes of one partition in one fetch; a larger first batch is sent all the same.")
            .AtLeast(0),
        Int("replica.fetch.response.max.bytes", "10485760", "How many bytes a follower takes in one fetch of all partitions.")
            .AtLeast(0),
        Int("replica.fetch.backoff.ms", "1000", "How long a follower leaves a partition alone after its fetch failed.")
            .AtLeast(0),
        Int("replica.socket.timeout.ms", "30000", "How long a follower waits for its leader's answer."),
        Int("replica.socket.receive.buffer.bytes", "65536", "The receive buffer of the sockets over which followers fetch."),
        Long("replica.high.watermark.checkpoint.interval.ms", "5000", "How often the high watermarks are written to replication-offset-checkpoint."),
        String("replica.selector.class", null, "Which replica a consumer is sent to; the rack-aware selector lets it read from a follower in its own rack.")
            .OneOf("org.apache.kafka.common.replica.LeaderSelector", "org.apache.kafka.common.replica.RackAwareReplicaSelector"),
        Int("num.replica.fetchers", "1", "Fetchers for each broker that this one follows.")
            .AtLeast(1).ClusterWide(),
        Int("num.replica.alter.log.dirs.threads", null, "Threads that copy replicas from one log directory to another; by default one for each directory."),
        Boolean("auto.leader.rebalance.enable", "true", "Whether the controller moves leadership back to preferred replicas by itself."),
        Int("leader.imbalance.per.broker.percentage", "10", "A broker that does not lead more than this share of the partitions that prefer it gets its leaderships back. Clients are shown this key only where the file sets it.")
            .AtLeast(0).Internal(),
        Long("leader.imbalance.check.interval.seconds", "300", "How often the controller looks for partitions that are not led by their preferred replica.")
            .AtLeast(1),
        Int("alter.log.dirs.replication.quota.window.num", "11", "Samples kept to measure the rate of copying between log directories.")
            .AtLeast(1),
        Int("alter.log.dirs.replication.quota.window.size.seconds", "1", "The span of each sample of the rate of copying between log directories.")
            .AtLeast(1),
        Int("replication.quota.window.num", "11", "Samples kept to measure throttled replication.")
            .AtLeast(1),
        Int("replication.quota.window.size.seconds", "1", "The span of each sample of throttled replication.")
            .AtLeast(1),
    ];
}
