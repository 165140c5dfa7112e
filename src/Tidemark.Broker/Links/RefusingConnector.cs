using Tidemark.Broker.Connections;
using Tidemark.Broker.Runtime;

namespace Tidemark.Broker.Links;

/// <summary>For a node that stands alone: whatever it tries to reach refuses it.</summary>
public sealed class RefusingConnector(IBackground background) : INodeConnector
{
    public INodeTransport Connect(NodeAddress address, INodeTransportEvents events)
    {
        background.Post("refused connection", () => events.OnClosed(LinkEnd.Refused, "this node has no way to others"));
        return new NoTransport();
    }

    private sealed class NoTransport : INodeTransport
    {
        public void Send(OutboundFrame frame) => frame.Dispose();

        public void Close()
        {
        }
    }
}
