using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;

namespace Tidemark.Broker;

/// <summary>What a process runs: a broker, which may be a controller too (<see cref="BrokerNode"/>), or a controller alone (<see cref="ControllerNode"/>).</summary>
public interface INode
{
    /// <summary>Where connections come in.</summary>
    BrokerAcceptor Acceptor { get; }

    /// <summary>The cluster as this node knows it.</summary>
    ClusterState Cluster { get; }

    /// <summary>The APIs that the node answers on its first listener.</summary>
    IReadOnlyList<ServedApi> Served { get; }

    /// <summary>The APIs that it answers on the controllers' listeners, if it has any.</summary>
    IReadOnlyList<ServedApi> ServedToNodes { get; }

    /// <summary>Completes, with the reason, when the node cannot go on.</summary>
    Task<string> Failed { get; }

    /// <summary>Called when everything is loaded and the node takes part in the quorum: other nodes may be let in.</summary>
    Action OnLoaded { get; set; }

    /// <summary>Called, in a cluster of several controllers, when a broker is about to be taken in: clients have to be let in now.</summary>
    Action OnReady { get; set; }

    /// <summary>Loads everything and takes its part in the cluster. Completes when whoever the node is for is served.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">What is on the disk cannot be read.</exception>
    Task Start();

    /// <summary>Gives what this node leads to others where there are any, within the given time. Everybody is still served meanwhile.</summary>
    Task Leave(TimeSpan grace);

    /// <summary>Answers what is in flight, within the given time, and closes connections and files in good order.</summary>
    Task Stop(TimeSpan grace);
}
