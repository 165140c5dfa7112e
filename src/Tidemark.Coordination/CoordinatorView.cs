using Tidemark.Coordination.Consumer;
using Tidemark.Primitives;

namespace Tidemark.Coordination;

/// <summary>What a coordinator sees of the cluster: immutable, replaced as a whole.</summary>
/// <param name="GroupConfig">What was set for a group by name; null where nothing was.</param>
public sealed record CoordinatorView(
    ICoordinatorTopics Topics,
    GroupSettings Groups,
    TransactionSettings Transactions,
    Func<string, IReadOnlyDictionary<string, string>?> GroupConfig);

/// <summary>The topics that exist.</summary>
public interface ICoordinatorTopics
{
    /// <summary>In the order of their names.</summary>
    IEnumerable<CoordinatorTopic> All { get; }

    CoordinatorTopic? Find(string name);

    CoordinatorTopic? Find(Uuid id);
}

/// <summary>A topic as coordinators know it, immutable: while nothing of it changes views may have the same object.</summary>
/// <param name="racksOf">The racks of a partition's replicas; empty where no broker names one.</param>
public sealed class CoordinatorTopic(string name, Uuid id, int partitions, Func<int, IReadOnlyList<string>> racksOf)
{
    private ulong _hash;

    public string Name => name;

    public Uuid Id => id;

    public int Partitions => partitions;

    /// <summary>The racks of a partition's replicas; empty where no broker names one.</summary>
    public IReadOnlyList<string> RacksOf(int partition) => racksOf(partition);

    /// <summary>One number over all of it, for the groups that read it. Computed once; two threads that do it at the same time come to the same.</summary>
    internal ulong Hash => _hash != 0 ? _hash : _hash = MetadataHash.Of(this);
}

/// <summary>The broker's configuration as far as groups are concerned; the keys are Kafka's.</summary>
public sealed record GroupSettings
{
    /// <summary><c>group.min.session.timeout.ms</c></summary>
    public int SessionTimeoutMinMs { get; init; } = 6_000;

    /// <summary><c>group.max.session.timeout.ms</c></summary>
    public int SessionTimeoutMaxMs { get; init; } = 1_800_000;

    /// <summary><c>group.initial.rebalance.delay.ms</c></summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary><c>group.max.size</c></summary>
    public int MembersMax { get; init; } = int.MaxValue;

    /// <summary><c>offset.metadata.max.bytes</c></summary>
    public int OffsetMetadataMaxBytes { get; init; } = 4_096;

    /// <summary><c>offsets.retention.minutes</c>, in milliseconds</summary>
    public long OffsetsRetentionMs { get; init; } = 10_080L * 60_000;

    /// <summary><c>offsets.retention.check.interval.ms</c></summary>
    public long OffsetsRetentionCheckMs { get; init; } = 600_000;

    /// <summary>
    /// Whether <c>group.coordinator.rebalance.protocols</c> has <c>consumer</c> and the cluster's feature group.version allows it. Where not, requests of
    /// that protocol are of an unsupported version.
    /// </summary>
    public bool ServesConsumerGroups { get; init; } = true;

    /// <summary><c>group.consumer.max.size</c></summary>
    public int ConsumerMembersMax { get; init; } = int.MaxValue;

    /// <summary><c>group.consumer.session.timeout.ms</c></summary>
    public int ConsumerSessionTimeoutMs { get; init; } = 45_000;

    /// <summary><c>group.consumer.heartbeat.interval.ms</c></summary>
    public int ConsumerHeartbeatIntervalMs { get; init; } = 5_000;

    /// <summary>
    /// <c>tidemark.group.consumer.prompt.heartbeat.enable</c>: whether members of larger groups are told a shorter interval while the node has few members.
    /// </summary>
    public bool ConsumerHeartbeatsArePrompt { get; init; } = true;

    /// <summary><c>group.consumer.assignment.interval.ms</c>: the shortest time between two assignments of a group.</summary>
    public int ConsumerAssignmentIntervalMs { get; init; } = 1_000;

    /// <summary>What a group's own session timeout is held to: <c>group.consumer.min.session.timeout.ms</c> and <c>max</c>.</summary>
    public (int Least, int Most) ConsumerSessionTimeoutBounds { get; init; } = (45_000, 60_000);

    /// <summary>What a group's own heartbeat interval is held to: <c>group.consumer.min.heartbeat.interval.ms</c> and <c>max</c>.</summary>
    public (int Least, int Most) ConsumerHeartbeatIntervalBounds { get; init; } = (5_000, 15_000);

    /// <summary>What a group's own assignment interval is held to: <c>group.consumer.min.assignment.interval.ms</c> and <c>max</c>.</summary>
    public (int Least, int Most) ConsumerAssignmentIntervalBounds { get; init; } = (0, 15_000);

    /// <summary><c>group.consumer.assignors</c>: the first is the default.</summary>
    public IReadOnlyList<string> ConsumerAssignors { get; init; } = ["uniform", "range"];

    /// <summary><c>group.consumer.migration.policy</c>: whether a classic group may become a consumer group.</summary>
    public bool MayUpgrade { get; init; } = true;

    /// <summary><c>group.consumer.migration.policy</c>: whether a consumer group may become a classic group.</summary>
    public bool MayDowngrade { get; init; } = true;

    /// <summary><c>group.consumer.regex.refresh.interval.ms</c></summary>
    public int RegexRefreshMs { get; init; } = 600_000;
}

/// <summary>The broker's configuration as far as transactions are concerned; the keys are Kafka's.</summary>
public sealed record TransactionSettings
{
    /// <summary><c>transaction.max.timeout.ms</c></summary>
    public int TimeoutMaxMs { get; init; } = 900_000;

    /// <summary><c>transactional.id.expiration.ms</c></summary>
    public long IdExpirationMs { get; init; } = 604_800_000;

    /// <summary><c>transaction.remove.expired.transaction.cleanup.interval.ms</c></summary>
    public long IdCleanupMs { get; init; } = 3_600_000;

    /// <summary><c>transaction.abort.timed.out.transaction.cleanup.interval.ms</c></summary>
    public long AbortTimedOutMs { get; init; } = 10_000;

    /// <summary>The level of the feature transaction.version.</summary>
    public short Version { get; init; } = 2;
}
