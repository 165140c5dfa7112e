using Tidemark.Broker.Runtime;

namespace Tidemark.Broker.Links;

/// <summary>A node's connections to others: one for each address and purpose, so that what is urgent never waits behind what is large.</summary>
public sealed class NodeLinks : IDisposable
{
    private readonly LinkServices _services;
    private readonly Lock _lock = new();
    private readonly Dictionary<(NodeAddress Address, string Purpose), NodeLink> _links = [];
    private bool _disposed;

    public NodeLinks(BrokerEnvironment environment, LinkOptions options) => _services = new LinkServices(environment, options);

    /// <summary>
    /// The link to an address for a purpose, made when it is first asked for. It lasts until it is disposed, by who knows that the node
    /// is gone for good or by <see cref="Dispose"/>; after that, a link that refuses everything.
    /// </summary>
    public NodeLink To(NodeAddress address, string purpose)
    {
        NodeLink link;
        lock (_lock)
        {
            if (_links.TryGetValue((address, purpose), out NodeLink? known))
            {
                return known;
            }

            link = new NodeLink(_services, address, purpose, Forget);
            if (!_disposed)
            {
                _links.Add((address, purpose), link);
                return link;
            }
        }

        link.Dispose();
        return link;
    }

    /// <summary>Closes all links for good; every request without an answer fails.</summary>
    public void Dispose()
    {
        NodeLink[] links;
        lock (_lock)
        {
            _disposed = true;
            links = [.. _links.Values];
        }

        foreach (NodeLink link in links)
        {
            link.Dispose();
        }

        _services.Dispose();
    }

    private void Forget(NodeLink link)
    {
        lock (_lock)
        {
            if (_links.TryGetValue((link.Address, link.Purpose), out NodeLink? known) && known == link)
            {
                _links.Remove((link.Address, link.Purpose));
            }
        }
    }
}
