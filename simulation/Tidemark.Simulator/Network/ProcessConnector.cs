using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;

namespace Tidemark.Simulator.Network;

/// <summary>A process's way to other hosts. What is left of a dead process may still call it, and reaches nobody.</summary>
internal sealed class ProcessConnector(SimulatedNetwork network, SimulatedHost host, int incarnation) : INodeConnector
{
    public INodeTransport Connect(NodeAddress address, INodeTransportEvents events) =>
        host.Incarnation == incarnation ? network.Connect(host, address, events) : new DeadEnd();

    private sealed class DeadEnd : INodeTransport
    {
        public void Send(OutboundFrame frame) => frame.Dispose();

        public void Close()
        {
        }
    }
}
