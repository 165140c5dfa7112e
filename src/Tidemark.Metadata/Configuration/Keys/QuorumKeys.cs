using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>The node, the controller quorum, the metadata log and the life of a broker.</summary>
internal static class QuorumKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("process.roles", null, "What this process is: broker, controller, or both.")
            .Checked(ConfigRule.ListOf(emptyAllowed: false, "broker", "controller")).Required(),
        Int("node.id", null, "This node's number, one for each node of the cluster.")
            .AtLeast(0).Required(),
        Int("broker.id", "-1", "The older name of node.id."),
        String("broker.rack", null, "The rack that this broker stands in; replicas of a partition are spread over racks."),
        List("controller.listener.names", null, "The listeners that belong to the controllers; brokers connect to the first.")
            .Required(),
        List("controller.quorum.voters", "", "The voters of a fixed quorum: id@host:port, several with commas.")
            .Checked(ConfigRule.NonEmptyList),
        List("controller.quorum.bootstrap.servers", "", "Where to find the quorum when its voters are kept in the metadata log.")
            .Checked(ConfigRule.NonEmptyList),
        Boolean("controller.quorum.auto.join.enable", "false", "Whether a controller that is not a voter yet joins the quorum by itself."),
        Int("controller.quorum.election.timeout.ms", "1000", "How long a candidate waits for votes before it tries again.")
            .AtLeast(0),
        Int("controller.quorum.election.backoff.max.ms", "1000", "The longest pause between two elections that found no winner.")
            .AtLeast(0),
        Int("controller.quorum.fetch.timeout.ms", "2000", "A voter that hears nothing of its leader for this long stands for election.")
            .AtLeast(0),
        Int("controller.quorum.fetch.max.bytes", "1048576", "How many bytes of the metadata log one fetch takes.")
            .AtLeast(1),
        Int("controller.quorum.fetch.snapshot.max.bytes", "1048576", "How many bytes of a snapshot one request takes.")
            .AtLeast(1),
        Int("controller.quorum.request.timeout.ms", "2000", "How long a node of the quorum waits for an answer.")
            .AtLeast(0),
        Int("controller.quorum.retry.backoff.ms", "20", "The pause before a failed request between nodes of the quorum is sent again.")
            .AtLeast(0),
        Int("controller.quorum.append.linger.ms", "25", "How long the leader gathers metadata records before it writes them.")
            .AtLeast(0),
        Long("controller.performance.sample.period.ms", "60000", "Over which time the controller sums up the duration of its work.")
            .AtLeast(100).Internal(),
        Long("controller.performance.always.log.threshold.ms", "2000", "A piece of the controller's work that takes longer than this is always logged.")
            .AtLeast(0).Internal(),
        Int("controller.socket.timeout.ms", "30000", "How long a request between a broker and the controller may take."),
        Int("controller.quota.window.num", "11", "Samples kept to measure the rate of topic creations and deletions.")
            .AtLeast(1),
        Int("controller.quota.window.size.seconds", "1", "The span of each sample of the rate of topic creations and deletions.")
            .AtLeast(1),
        Int("broker.heartbeat.interval.ms", "2000", "How often a broker tells the controller that it lives."),
        Int("broker.session.timeout.ms", "9000", "A broker that the controller does not hear of for this long is fenced."),
        Int("initial.broker.registration.timeout.ms", "60000", "A broker that cannot register within this time stops."),
        Boolean("controlled.shutdown.enable", "true", "Whether a broker hands over its leaderships before it stops."),
        Long("server.max.startup.time.ms", "9223372036854775807", "A start that takes longer than this is given up.")
            .AtLeast(0).Internal(),
        Boolean("tidemark.broker.crash.detection.enable", "true", "Whether the controller fences a broker as soon as it sees that its process is gone: connections to it end and its port refuses new ones. Off, it always waits for broker.session.timeout.ms, as Kafka does. Clients are shown this key only where the file sets it.")
            .Internal(),
        String("metadata.log.dir", null, "The directory of the metadata log; by default the first log directory."),
        Int("metadata.log.segment.bytes", "1073741824", "The size at which a segment of the metadata log is closed.")
            .AtLeast(8_388_608),
        Long("metadata.log.segment.ms", "604800000", "The age at which a segment of the metadata log is closed."),
        Long("metadata.log.max.record.bytes.between.snapshots", "20971520", "After how many bytes of metadata records a snapshot is written.")
            .AtLeast(1),
        Long("metadata.log.max.snapshot.interval.ms", "3600000", "After how long a snapshot is written when there are new records; 0 leaves it to the size alone.")
            .AtLeast(0),
        Long("metadata.max.retention.bytes", "104857600", "The oldest snapshots and segments of the metadata log are deleted while it is larger than this."),
        Long("metadata.max.retention.ms", "604800000", "Snapshots and segments of the metadata log older than this are deleted."),
        Int("metadata.max.idle.interval.ms", "500", "How often the active controller writes an empty record when nothing happens; 0 never.")
            .AtLeast(0),
        Int("internal.metadata.log.segment.bytes", null, "The size at which a segment of the metadata log is closed, for tests.")
            .Internal(),
        Int("internal.metadata.max.batch.size.in.bytes", "8388608", "The largest batch in the metadata log, for tests.")
            .Internal(),
        Long("internal.metadata.delete.delay.millis", "60000", "How long a deleted file of the metadata log stays on disk, for tests.")
            .Internal(),
        Class("create.topic.policy.class.name", null, "In Kafka a Java class that may refuse the creation of topics. Tidemark runs no Java: a node that has one configured does not start, rather than create what the policy would refuse."),
        Class("alter.config.policy.class.name", null, "In Kafka a Java class that may refuse changes of configuration. Tidemark runs no Java: a node that has one configured does not start, rather than allow what the policy would refuse."),
        Boolean("unstable.api.versions.enable", "false", "Whether versions of the protocol that are still in the making are offered.")
            .Internal(),
        Boolean("unstable.feature.versions.enable", "false", "Whether feature levels that are still in the making are offered.")
            .Internal(),
    ];
}
