using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>What can be set for a single group; where it is not, the broker key named behind gives the value.</summary>
internal static class GroupResourceKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        Int("consumer.assignment.interval.ms", "1000", "The shortest time between two assignments of this consumer group.")
            .AtLeast(0).DefaultFrom("group.consumer.assignment.interval.ms"),
        Int("consumer.heartbeat.interval.ms", "5000", "How often members of this consumer group send heartbeats.")
            .AtLeast(1).DefaultFrom("group.consumer.heartbeat.interval.ms"),
        Int("consumer.session.timeout.ms", "45000", "A member of this consumer group that sends no heartbeat for this long is removed.")
            .AtLeast(1).DefaultFrom("group.consumer.session.timeout.ms"),
        Int("share.assignment.interval.ms", "1000", "The shortest time between two assignments of this share group.")
            .AtLeast(0).DefaultFrom("group.share.assignment.interval.ms"),
        String("share.auto.offset.reset", "latest", "Where this share group starts when it has no position: latest, earliest, or so long before now.")
            .Checked(ConfigRule.ShareOffsetReset),
        Int("share.delivery.count.limit", "5", "How often this share group delivers a record before it gives up.")
            .AtLeast(2).DefaultFrom("group.share.delivery.count.limit"),
        Int("share.heartbeat.interval.ms", "5000", "How often members of this share group send heartbeats.")
            .AtLeast(1).DefaultFrom("group.share.heartbeat.interval.ms"),
        String("share.isolation.level", "read_uncommitted", "Whether this share group sees records of transactions that are not committed.")
            .OneOf("read_committed", "read_uncommitted"),
        Int("share.partition.max.record.locks", "2000", "How many records of a partition this share group may have locked at once.")
            .AtLeast(100).DefaultFrom("group.share.partition.max.record.locks"),
        Int("share.record.lock.duration.ms", "30000", "How long a member of this share group keeps a record to itself.")
            .AtLeast(1_000).DefaultFrom("group.share.record.lock.duration.ms"),
        Boolean("share.renew.acknowledge.enable", "true", "Whether a member of this share group may prolong its lock of a record."),
        Int("share.session.timeout.ms", "45000", "A member of this share group that sends no heartbeat for this long is removed.")
            .AtLeast(1).DefaultFrom("group.share.session.timeout.ms"),
        Int("streams.assignment.interval.ms", "1000", "The shortest time between two assignments of this streams group.")
            .AtLeast(0).DefaultFrom("group.streams.assignment.interval.ms"),
        Int("streams.heartbeat.interval.ms", "5000", "How often members of this streams group send heartbeats.")
            .AtLeast(1).DefaultFrom("group.streams.heartbeat.interval.ms"),
        Int("streams.initial.rebalance.delay.ms", "3000", "How long the first assignment of this streams group waits for more members.")
            .AtLeast(0).DefaultFrom("group.streams.initial.rebalance.delay.ms"),
        Int("streams.num.standby.replicas", "0", "Standby copies of each task in this streams group.")
            .AtLeast(0).DefaultFrom("group.streams.num.standby.replicas"),
        Int("streams.session.timeout.ms", "45000", "A member of this streams group that sends no heartbeat for this long is removed.")
            .AtLeast(1).DefaultFrom("group.streams.session.timeout.ms"),
    ];
}
