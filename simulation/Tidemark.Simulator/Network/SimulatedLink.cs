using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;

namespace Tidemark.Simulator.Network;

/// <summary>A connection between two hosts, from the attempt until both have forgotten it.</summary>
public sealed class SimulatedLink
{
    private readonly SimulatedNetwork _network;
    private readonly Direction _there;
    private readonly Direction _back;
    private readonly ConnectingEnd _connecting;
    private readonly int _port;
    private AcceptedEnd? _accepted;

    internal SimulatedLink(SimulatedNetwork network, long id, SimulatedHost from, SimulatedHost to, int port, INodeTransportEvents events)
    {
        (_network, Id, _port) = (network, id, port);
        _there = new Direction(network, this, from, to);
        _back = new Direction(network, this, to, from);
        _connecting = new ConnectingEnd(network, this, from, events);
    }

    /// <summary>In the order in which connections were begun.</summary>
    public long Id { get; }

    /// <summary>The host that has connected.</summary>
    public SimulatedHost Connecting => _there.From;

    /// <summary>The host that was listening.</summary>
    public SimulatedHost Listening => _there.To;

    internal bool IsOver => _connecting.IsDead && (_accepted?.IsDead ?? _there.IsEmpty);

    /// <summary>Breaks the connection: what is under way is lost, and both ends learn of it when the news arrives.</summary>
    public void Break()
    {
        _network.Tell(NetworkEventKind.Broken, this, _there);
        foreach (Direction direction in (Direction[])[_there, _back])
        {
            direction.Clear();
            direction.Send(Segment.Of(SegmentKind.Reset));
        }
    }

    internal ConnectingEnd Open()
    {
        _network.Tell(NetworkEventKind.Connecting, this, _there);
        _connecting.Host.Remember(_connecting);
        _there.Send(Segment.Of(SegmentKind.Open));
        return _connecting;
    }

    internal Direction From(ConnectionEnd end) => end == _connecting ? _there : _back;

    internal void SendFrame(Direction direction, byte[] bytes)
    {
        switch (_network.DrawFault(direction.From, direction.To))
        {
            case FrameFault.Break:
                Break();
                break;
            case FrameFault.Cut:
                direction.Send(Segment.Of(SegmentKind.CutFrame));
                break;
            case FrameFault.Abandon:
                Abandon(direction, bytes);
                break;
            default:
                direction.Send(new Segment(SegmentKind.Frame, bytes));
                break;
        }
    }

    internal void Retry()
    {
        _there.Retry();
        _back.Retry();
    }

    internal void GiveUp(Direction direction)
    {
        ConnectionEnd? end = direction == _there ? _connecting : _accepted;
        end?.GiveUp();
        _network.ForgetIfOver(this);
    }

    internal void Arrive(Direction direction, Segment segment)
    {
        Tell(direction, segment);
        if (segment.Kind == SegmentKind.CutFrame)
        {
            // The rest of the frame is lost with the connection, of which the sender hears too.
            Reverse(direction).Send(Segment.Of(SegmentKind.Reset));
        }

        if (direction == _back)
        {
            _connecting.Arrive(segment);
        }
        else if (segment.Kind == SegmentKind.Open)
        {
            Accept();
        }
        else
        {
            _accepted?.Arrive(segment);
        }

        _network.ForgetIfOver(this);
    }

    /// <summary>Breaks the connection for the sender of a frame only, which gets through late, and the end of the connection behind it.</summary>
    private void Abandon(Direction direction, byte[] bytes)
    {
        _network.Tell(NetworkEventKind.Broken, this, direction);
        direction.Send(new Segment(SegmentKind.Frame, bytes), _network.DrawLongDelay());
        direction.Send(Segment.Of(SegmentKind.Reset));
        Reverse(direction).Clear();
        Reverse(direction).Send(Segment.Of(SegmentKind.Reset));
    }

    private Direction Reverse(Direction direction) => direction == _there ? _back : _there;

    private void Accept()
    {
        if (Listening.Listener(_port) is not { } listener)
        {
            _back.Send(Segment.Of(SegmentKind.Refused));
            return;
        }

        // The operating system grants it, also for a process that is paused.
        var info = new ConnectionInfo(Id, listener.Name, Connecting.Address, (int)(40000 + (Id % 20000)), Connecting == Listening);
        _accepted = new AcceptedEnd(_network, this, Listening, listener.Acceptor, info);
        Listening.Remember(_accepted);
        _back.Send(Segment.Of(SegmentKind.Opened));
        _accepted.Arrive(Segment.Of(SegmentKind.Open));
    }

    private void Tell(Direction direction, Segment segment)
    {
        NetworkEventKind? kind = segment.Kind switch
        {
            SegmentKind.Refused => NetworkEventKind.Refused,
            SegmentKind.Frame => NetworkEventKind.FrameArrived,
            SegmentKind.CutFrame => NetworkEventKind.FrameCut,
            SegmentKind.Closed => NetworkEventKind.Closed,
            SegmentKind.Reset => NetworkEventKind.Reset,
            _ => null,
        };
        if (kind is { } told)
        {
            _network.Tell(told, this, direction, segment.Bytes);
        }
    }
}
