using Tidemark.Broker.Links;
using Tidemark.Broker.Quorum.Wire;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum;

/// <summary>Where the members of the quorum are reached. Fetches, which wait at the leader, have a connection of their own.</summary>
internal sealed class QuorumPeers(BrokerEnvironment environment, QuorumOptions options) : IDisposable
{
    private readonly NodeLinks _links = new(environment, new LinkOptions { SetupTimeout = options.Timeouts.Request });
    private int _nextBootstrap;

    public NodeLink To(NodeAddress address, SendToPeer send) => _links.To(address, send is SendFetch or SendFetchSnapshot ? "quorum-fetch" : "quorum");

    /// <summary>Where a controller is registered; a connection of its own, because the answer waits for a commit.</summary>
    public NodeLink ToRegister(NodeAddress address) => _links.To(address, "controller-registration");

    /// <summary>A peer's address; of the bootstrap servers another one each time. Null when there is none.</summary>
    public NodeAddress? AddressOf(QuorumPeer peer)
    {
        if (peer.Node != BrokerId.None)
        {
            return AddressOf(peer.Endpoints);
        }

        IReadOnlyList<NodeAddress> servers = options.BootstrapServers;
        return servers.Count == 0 ? null : servers[_nextBootstrap++ % servers.Count];
    }

    /// <summary>The address on the listener that controllers use; null when it is not among these.</summary>
    public NodeAddress? AddressOf(IReadOnlyList<VoterEndpoint> endpoints) =>
        QuorumWire.Endpoint(endpoints, options.ControllerListenerName) is { } at ? new NodeAddress(at.Host, at.Port) : null;

    public void Dispose() => _links.Dispose();
}
