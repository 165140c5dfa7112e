using Tidemark.Broker.Connections;
using Tidemark.Simulator.Connections;

namespace Tidemark.Simulator.Network;

/// <summary>The end on the host that was listening.</summary>
internal sealed class AcceptedEnd : ConnectionEnd
{
    private readonly ServedSide _served;
    private readonly IConnectionAcceptor _acceptor;
    private readonly ConnectionInfo _info;

    public AcceptedEnd(SimulatedNetwork network, SimulatedLink link, SimulatedHost host, IConnectionAcceptor acceptor, ConnectionInfo info)
        : base(network, link, host)
    {
        _acceptor = acceptor;
        _info = info;
        _served = new ServedSide(work => CallSoon(TimeSpan.Zero, work), Send, Close);
    }

    public override void GiveUp()
    {
        if (!IsDead)
        {
            Die();
            CallSoon(TimeSpan.Zero, _served.End);
        }
    }

    protected override void Take(Segment segment)
    {
        switch (segment.Kind)
        {
            case SegmentKind.Open:
                _served.Open(_acceptor, _info);
                break;
            case SegmentKind.Frame:
                _served.Arrive(segment.Bytes);
                break;
            default:
                Die();
                _served.End();
                break;
        }
    }

    private void Send(byte[] bytes)
    {
        if (!IsDead)
        {
            Link.SendFrame(Out, bytes);
        }
    }

    private void Close()
    {
        if (!IsDead)
        {
            Out.Send(Segment.Of(SegmentKind.Closed));
            Die();
            CallSoon(Network.DrawDelay(Host, Host), _served.End);
        }
    }
}
