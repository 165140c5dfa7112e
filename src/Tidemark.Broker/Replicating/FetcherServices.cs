using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Links;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;

namespace Tidemark.Broker.Replicating;

/// <summary>What all fetchers of a broker share.</summary>
/// <param name="ListenerName"><c>inter.broker.listener.name</c>: where leaders are asked.</param>
internal sealed record FetcherServices(
    BrokerEnvironment Environment,
    ClusterState Cluster,
    NodeLinks Links,
    DelayQueue Delays,
    KeptLogStarts LogStarts,
    ReplicaFetchOptions Options,
    string ListenerName,
    ILogger Log)
{
    public BrokerId Self => Cluster.Self;

    public TimeSpan Now => Environment.Time.GetElapsedTime(0);

    /// <summary>The epoch of this broker's registration, as the metadata here knows it.</summary>
    public long BrokerEpoch => Cluster.Find(Cluster.Self)?.Epoch ?? -1;

    /// <summary>Where a broker is asked; null while the metadata does not say.</summary>
    public NodeAddress? AddressOf(BrokerId broker) => Cluster.EndpointOf(broker, ListenerName) is { } at ? new NodeAddress(at.Host, at.Port) : null;
}

/// <summary>What is logged of the fetchers. Event ids 1410–1429.</summary>
internal static partial class FetcherLog
{
    [LoggerMessage(1410, LogLevel.Information, "{Partition} was cut from {Before} to {After}, where leader {Leader} of epoch {Epoch} parted from it")]
    public static partial void Cut(ILogger log, string partition, Offset before, Offset after, BrokerId leader, LeaderEpoch epoch);

    [LoggerMessage(1411, LogLevel.Debug, "{Partition} is fetched from {Leader} again later: {Error}")]
    public static partial void Retried(ILogger log, string partition, BrokerId leader, ErrorCode error);

    [LoggerMessage(1412, LogLevel.Debug, "A fetch from broker {Leader} brought no answer: {Reason}")]
    public static partial void Unreachable(ILogger log, BrokerId leader, string reason);

    [LoggerMessage(1413, LogLevel.Information, "Broker {Leader} refused a fetch as a whole: {Error}")]
    public static partial void Refused(ILogger log, BrokerId leader, ErrorCode error);
}
