using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;
using Tidemark.Simulator.Connections;

namespace Tidemark.Simulator.Network;

/// <summary>The end that has asked for the connection.</summary>
internal sealed class ConnectingEnd(SimulatedNetwork network, SimulatedLink link, SimulatedHost host, INodeTransportEvents events)
    : ConnectionEnd(network, link, host), INodeTransport
{
    private readonly Queue<byte[]> _unsent = new();
    private bool _connected;

    void INodeTransport.Send(OutboundFrame frame)
    {
        byte[] bytes = FrameBytes.Take(frame);
        if (!IsDead && _connected)
        {
            Link.SendFrame(Out, bytes);
        }
        else if (!IsDead)
        {
            _unsent.Enqueue(bytes);
        }
    }

    void INodeTransport.Close()
    {
        if (!IsDead)
        {
            Out.Send(Segment.Of(SegmentKind.Closed));
            Die();
            CallSoon(TimeSpan.Zero, () => events.OnClosed(LinkEnd.ClosedHere, "closed"));
        }
    }

    public override void GiveUp()
    {
        if (!IsDead)
        {
            Die();
            CallSoon(TimeSpan.Zero, () => events.OnClosed(_connected ? LinkEnd.ClosedByPeer : LinkEnd.Unreachable, "the peer does not answer"));
        }
    }

    protected override void Take(Segment segment)
    {
        switch (segment.Kind)
        {
            case SegmentKind.Opened:
                _connected = true;
                Network.Tell(NetworkEventKind.Connected, Link, Out);
                while (_unsent.TryDequeue(out byte[]? bytes))
                {
                    Link.SendFrame(Out, bytes);
                }

                events.OnConnected();
                break;
            case SegmentKind.Frame when segment.Bytes.Length > events.NextFrameBytesMax:
                Out.Send(Segment.Of(SegmentKind.Reset));
                End(LinkEnd.Faulty, $"a frame of {segment.Bytes.Length} bytes is more than may come");
                break;
            case SegmentKind.Frame:
                events.OnFrame(FrameBytes.Give(segment.Bytes));
                break;
            case SegmentKind.Refused:
                End(LinkEnd.Refused, "connection refused");
                break;
            case SegmentKind.CutFrame:
                End(LinkEnd.ClosedByPeer, "the connection ended inside a frame");
                break;
            case SegmentKind.Closed:
                End(LinkEnd.ClosedByPeer, "the peer has closed it");
                break;
            default:
                End(_connected ? LinkEnd.ClosedByPeer : LinkEnd.Unreachable, "connection reset by peer");
                break;
        }
    }

    private void End(LinkEnd end, string reason)
    {
        Die();
        events.OnClosed(end, reason);
    }
}
