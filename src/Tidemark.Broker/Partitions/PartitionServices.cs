using Tidemark.Broker.Cluster;
using Tidemark.Broker.Replicating;
using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Broker.Partitions;

/// <summary>What all partitions of a broker share.</summary>
/// <param name="ReplicaLagMax"><c>replica.lag.time.max.ms</c></param>
public sealed record PartitionServices(BrokerId Self, TimeProvider Time, TimeSpan ReplicaLagMax, IBrokerStandings Brokers, IIsrChanges IsrChanges, IServingLease Lease)
{
    /// <summary>Limits of the traffic of replication; null where there are none.</summary>
    public ReplicationThrottles? Throttles { get; init; }

    /// <summary>For how long at most a broker of the cluster serves what it leads no more and does not know: <c>broker.session.timeout.ms</c>.</summary>
    public TimeSpan LeaseMax { get; init; }

    internal TimeSpan Now => Time.GetElapsedTime(0);
}
