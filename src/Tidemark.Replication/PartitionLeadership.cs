using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>How far a partition whose leader was elected out of sync has recovered (KIP-704).</summary>
public enum LeaderRecovery : byte
{
    Recovered = 0,
    Recovering = 1,
}

/// <summary>What the cluster's metadata says of a partition, from the leader's point of view.</summary>
/// <param name="LeaderEpoch">Rises with every leadership.</param>
/// <param name="PartitionEpoch">Rises with every change of the partition's metadata.</param>
/// <param name="Replicas">The assignment, the preferred leader first.</param>
/// <param name="Isr">The committed in-sync replicas.</param>
public sealed record PartitionLeadership(
    LeaderEpoch LeaderEpoch,
    int PartitionEpoch,
    IReadOnlyList<BrokerId> Replicas,
    IReadOnlyList<BrokerId> Isr,
    LeaderRecovery Recovery = LeaderRecovery.Recovered);

/// <summary>A broker as the metadata knows it: only one that is neither fenced nor shutting down may join the in-sync replicas.</summary>
/// <param name="Epoch">The epoch of its registration; a fetch with another one comes from an earlier life of the broker (KIP-903).</param>
public readonly record struct BrokerStanding(long Epoch, bool Fenced, bool ShuttingDown)
{
    public bool MayJoinIsr => !Fenced && !ShuttingDown;
}

/// <summary>Where the core looks up brokers. Answers null for one that is not registered.</summary>
public interface IBrokerStandings
{
    BrokerStanding? Find(BrokerId broker);
}
