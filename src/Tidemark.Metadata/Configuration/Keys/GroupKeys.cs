using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Groups of consumers and of streams applications, and committed offsets.</summary>
internal static class GroupKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("group.coordinator.rebalance.protocols", "classic,consumer,streams", "The kinds of groups that the coordinator serves.")
            .Checked(ConfigRule.ListOf(emptyAllowed: false, "consumer", "classic", "share", "streams")),
        Int("group.coordinator.threads", "4", "Threads that run the group coordinator.")
            .AtLeast(1),
        Int("group.coordinator.background.threads", "2", "Threads for the coordinator's slow work, such as matching topics by pattern.")
            .AtLeast(1),
        Int("group.coordinator.append.linger.ms", "-1", "How long the coordinator gathers records before it writes them; -1 adapts to the load.")
            .AtLeast(-1),
        Int("group.coordinator.cached.buffer.max.bytes", "1048588", "The largest write buffer that the coordinator keeps for reuse.")
            .AtLeast(524_288).ClusterWide(),
        Int("group.initial.rebalance.delay.ms", "3000", "How long the first rebalance of a new classic group waits for more members."),
        Int("group.min.session.timeout.ms", "6000", "The shortest session timeout that a member of a classic group may ask for."),
        Int("group.max.session.timeout.ms", "1800000", "The longest session timeout that a member of a classic group may ask for."),
        Int("group.max.size", "2147483647", "How many members a classic group may have.")
            .AtLeast(1),
        Int("group.consumer.session.timeout.ms", "45000", "A member of a consumer group that sends no heartbeat for this long is removed.")
            .AtLeast(1),
        Int("group.consumer.min.session.timeout.ms", "45000", "The shortest session timeout that a consumer group may be given.")
            .AtLeast(1),
        Int("group.consumer.max.session.timeout.ms", "60000", "The longest session timeout that a consumer group may be given.")
            .AtLeast(1),
        Int("group.consumer.heartbeat.interval.ms", "5000", "How often members of a consumer group send heartbeats.")
            .AtLeast(1),
        Int("group.consumer.min.heartbeat.interval.ms", "5000", "The shortest heartbeat interval that a consumer group may be given.")
            .AtLeast(1),
        Int("group.consumer.max.heartbeat.interval.ms", "15000", "The longest heartbeat interval that a consumer group may be given.")
            .AtLeast(1),
        Boolean("tidemark.group.consumer.prompt.heartbeat.enable", "true", "Whether members of consumer groups of five or more are told to heartbeat more often than group.consumer.heartbeat.interval.ms while their coordinator's node has few members: every 20 ms for each of them, but not more often than every two seconds, so that they hear of a rebalance soon. Off, they are always told the configured interval, as by Kafka. Clients are shown this key only where the file sets it.")
            .Internal(),
        Int("group.consumer.max.size", "2147483647", "How many members a consumer group may have.")
            .AtLeast(1),
        List("group.consumer.assignors", "uniform,range", "The server-side assignors of consumer groups; the first is the default."),
        String("group.consumer.migration.policy", "bidirectional", "Which conversions between classic and consumer groups are allowed.")
            .OneOfInAnyCase("DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"),
        Int("group.consumer.assignment.interval.ms", "1000", "The shortest time between two assignments of a consumer group.")
            .AtLeast(0).ClusterWide(),
        Int("group.consumer.min.assignment.interval.ms", "0", "The shortest assignment interval that a consumer group may be given.")
            .AtLeast(0),
        Int("group.consumer.max.assignment.interval.ms", "15000", "The longest assignment interval that a consumer group may be given.")
            .AtLeast(0),
        Int("group.consumer.regex.refresh.interval.ms", "600000", "How often subscriptions by pattern are matched against new topics.")
            .AtLeast(10_000).Internal(),
        Int("group.streams.session.timeout.ms", "45000", "A member of a streams group that sends no heartbeat for this long is removed.")
            .AtLeast(1),
        Int("group.streams.min.session.timeout.ms", "45000", "The shortest session timeout that a streams group may be given.")
            .AtLeast(1),
        Int("group.streams.max.session.timeout.ms", "60000", "The longest session timeout that a streams group may be given.")
            .AtLeast(1),
        Int("group.streams.heartbeat.interval.ms", "5000", "How often members of a streams group send heartbeats.")
            .AtLeast(1),
        Int("group.streams.min.heartbeat.interval.ms", "5000", "The shortest heartbeat interval that a streams group may be given.")
            .AtLeast(1),
        Int("group.streams.max.heartbeat.interval.ms", "15000", "The longest heartbeat interval that a streams group may be given.")
            .AtLeast(1),
        Int("group.streams.max.size", "2147483647", "How many members a streams group may have.")
            .AtLeast(1),
        Int("group.streams.num.standby.replicas", "0", "Standby copies of each task in a streams group.")
            .AtLeast(0),
        Int("group.streams.max.standby.replicas", "2", "The most standby copies that a streams group may be given.")
            .AtLeast(0),
        Int("group.streams.initial.rebalance.delay.ms", "3000", "How long the first assignment of a streams group waits for more members.")
            .AtLeast(0),
        Int("group.streams.assignment.interval.ms", "1000", "The shortest time between two assignments of a streams group.")
            .AtLeast(0).ClusterWide(),
        Int("group.streams.min.assignment.interval.ms", "0", "The shortest assignment interval that a streams group may be given.")
            .AtLeast(0),
        Int("group.streams.max.assignment.interval.ms", "15000", "The longest assignment interval that a streams group may be given.")
            .AtLeast(0),
        Int("offset.metadata.max.bytes", "4096", "How long the note may be that a consumer stores with a committed offset."),
        Int("offsets.commit.timeout.ms", "5000", "How long a commit of offsets waits to be replicated.")
            .AtLeast(1),
        Int("offsets.load.buffer.size", "5242880", "How many bytes of the offsets topic are read at once when a coordinator loads it.")
            .AtLeast(1),
        Int("offsets.retention.minutes", "10080", "How long committed offsets stay after their group lost its last member.")
            .AtLeast(1),
        Long("offsets.retention.check.interval.ms", "600000", "How often the coordinator looks for committed offsets to remove.")
            .AtLeast(1),
        Int("offsets.topic.compression.codec", "0", "The codec of the offsets topic, by its number."),
        Int("offsets.topic.num.partitions", "50", "Partitions of the offsets topic; not to be changed later.")
            .AtLeast(1),
        Short("offsets.topic.replication.factor", "3", "Replicas of the offsets topic; it is not created while there are fewer brokers.")
            .AtLeast(1),
        Int("offsets.topic.segment.bytes", "104857600", "The segment size of the offsets topic.")
            .AtLeast(1),
    ];
}
