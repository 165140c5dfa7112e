using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;

namespace Tidemark.Simulator.Network;

/// <summary>An attempt to reach a name that no host has.</summary>
internal sealed class NowhereEnd : INodeTransport
{
    private readonly INodeTransportEvents _events;
    private bool _closed;

    public NowhereEnd(SimulatedNetwork network, SimulatedHost from, INodeTransportEvents events)
    {
        _events = events;
        int incarnation = from.Incarnation;
        network.Time.Post(network.DrawDelay(from, from), () => from.EnterIfAlive(incarnation, End));
    }

    public void Send(OutboundFrame frame) => frame.Dispose();

    public void Close() => _closed = true;

    private void End() => _events.OnClosed(_closed ? LinkEnd.ClosedHere : LinkEnd.Unreachable, "no host has that name");
}
