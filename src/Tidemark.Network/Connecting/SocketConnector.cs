using Tidemark.Broker.Links;
using Tidemark.Network.Loops;

namespace Tidemark.Network.Connecting;

/// <summary>Makes connections to other nodes, on the same loops that serve those that others make. They go to the loops in turn.</summary>
/// <param name="start">Sees to it that the loops run: a node reaches others before it accepts anybody.</param>
internal sealed class SocketConnector(IReadOnlyList<EventLoop> loops, Action start) : INodeConnector
{
    private uint _turn;

    public INodeTransport Connect(NodeAddress address, INodeTransportEvents events)
    {
        start();
        EventLoop loop = loops[(int)(Interlocked.Increment(ref _turn) % (uint)loops.Count)];
        var connection = new NodeConnection(loop, address, events);
        if (!loop.Post(() => loop.Open(connection)))
        {
            // Elsewhere, because the caller may hold locks that its events take.
            ThreadPool.QueueUserWorkItem(_ => events.OnClosed(LinkEnd.ClosedHere, "the broker stops"));
        }

        return connection;
    }
}
