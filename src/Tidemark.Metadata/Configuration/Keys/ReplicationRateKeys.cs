using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>How many bytes a second the copying of throttled replicas may take; without one there is no limit.</summary>
internal static class ReplicationRateKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        Long("follower.replication.throttled.rate", null, "Bytes a second that the broker takes of throttled replicas that it follows.").ClusterWide(),
        Long("leader.replication.throttled.rate", null, "Bytes a second that the broker sends of throttled replicas that it leads.").ClusterWide(),
        Long("replica.alter.log.dirs.io.max.bytes.per.second", null, "Bytes a second that the broker copies between its own directories.").ClusterWide(),
    ];
}
