using Tidemark.Broker.Replicating;
using Tidemark.Records.Validation;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>What a topic's configuration means for its partitions here. A change makes a new one.</summary>
/// <param name="Log">How the log is kept.</param>
/// <param name="Batches">What a producer's batch has to be like.</param>
/// <param name="MinInsyncReplicas"><c>min.insync.replicas</c></param>
public sealed record PartitionConfig(LogOptions Log, BatchRules Batches, int MinInsyncReplicas)
{
    /// <summary><c>leader.replication.throttled.replicas</c></summary>
    public ThrottledReplicas LeaderThrottled { get; init; } = ThrottledReplicas.None;

    /// <summary><c>follower.replication.throttled.replicas</c></summary>
    public ThrottledReplicas FollowerThrottled { get; init; } = ThrottledReplicas.None;

    public static readonly PartitionConfig Default = new(LogOptions.Default, new BatchRules(), 1);
}
