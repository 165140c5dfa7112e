using Tidemark.Primitives;

namespace Tidemark.Broker.Cluster;

/// <summary>Where a broker is reached on one listener.</summary>
public readonly record struct BrokerEndpoint(BrokerId Broker, string Host, int Port, string? Rack);

/// <summary>Who leads a partition, and where it is reached; no endpoint when it is not alive on the listener.</summary>
public readonly record struct LeaderHint(BrokerId Leader, LeaderEpoch Epoch, BrokerEndpoint? Endpoint);

/// <summary>What handlers ask of the cluster's metadata when they have to send a client elsewhere.</summary>
public interface IClusterView
{
    LeaderHint LeaderOf(Uuid topicId, int partition, string listenerName);
}
