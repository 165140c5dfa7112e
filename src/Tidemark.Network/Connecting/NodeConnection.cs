using System.Net;
using System.Runtime.InteropServices;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;
using Tidemark.Network.Connections;
using Tidemark.Network.Loops;
using Tidemark.Network.Native;
using Tidemark.Primitives;

namespace Tidemark.Network.Connecting;

/// <summary>
/// A connection that this node makes to another: requests out, answers in. Where a name has several addresses they are tried one after
/// another. Nothing here looks at the time: who has waited enough for a connection closes it.
/// </summary>
internal sealed class NodeConnection : SocketConnection, INodeTransport
{
    private readonly NodeAddress _address;
    private readonly INodeTransportEvents _events;
    private readonly Queue<IPAddress> _untried = new();
    private IPAddress _current = IPAddress.None;
    private bool _connected;
    private bool _onlyRefused = true;
    private LinkEnd? _end;

    public NodeConnection(EventLoop loop, NodeAddress address, INodeTransportEvents events)
        : base(loop)
    {
        (_address, _events) = (address, events);
        SendLater();
    }

    /// <summary>
    /// Answers are read however many requests wait to be sent: a peer that will not read before its answers are taken would otherwise
    /// never do so. Who sends requests bounds them.
    /// </summary>
    protected override long QueuedBytesMax => long.MaxValue;

    /// <summary>Begins to connect. On the loop's thread.</summary>
    public void Open()
    {
        if (IsClosed)
        {
            return;
        }

        if (IPAddress.TryParse(_address.Host, out IPAddress? literal))
        {
            _untried.Enqueue(literal);
            TryNext("");
        }
        else
        {
            _ = Resolve();
        }
    }

    void INodeTransport.Close()
    {
        AddHold(Hold.Closing);
        Loop.Post(() => EndNow(LinkEnd.ClosedHere, "closed"));
    }

    public override void OnReady(uint ready)
    {
        if (!_connected)
        {
            FinishConnecting();
        }

        if (_connected && !IsClosed)
        {
            base.OnReady(ready);
        }
    }

    public override string? Refusal(int size)
    {
        int max = _events.NextFrameBytesMax;
        return size > max ? max == 0 ? "an answer that nobody asked for" : $"an answer of {size} bytes, where {max} are the most"
            : size <= 0 ? $"{size} is no size of an answer"
            : null;
    }

    public override void BeginStop() => EndNow(LinkEnd.ClosedHere, "the broker stops");

    public override void Cut(string reason) => EndNow(LinkEnd.ClosedHere, reason);

    /// <summary>Links between nodes are kept for as long as either side likes.</summary>
    public override void CheckIdle(long now, long idleTicks)
    {
    }

    protected override void Handle(InboundFrame frame) => _events.OnFrame(frame);

    protected override void OnPeerDone() =>
        EndNow(LinkEnd.ClosedByPeer, IsInFrame ? "the peer has closed it inside an answer" : "the peer has closed it");

    /// <summary>That nothing comes through says nothing of the process at the other end.</summary>
    protected override void Fail(string reason, int error)
    {
        if (error is Libc.ETIMEDOUT or Libc.EHOSTUNREACH)
        {
            _end ??= LinkEnd.Unreachable;
        }

        base.Fail(reason, error);
    }

    protected override void CutOff(string reason) => EndNow(LinkEnd.Faulty, reason);

    protected override void OnEnded(string reason) => _events.OnClosed(_end ?? LinkEnd.ClosedByPeer, reason);

    protected override void LogHandlerFailed(Exception error)
    {
        if (Context.LogRate.TryTake(out string suppressed))
        {
            NetworkLog.LinkFailed(Context.Logger, error, _address.Host, _address.Port, suppressed);
        }
    }

    /// <summary>Asks for the addresses of the name elsewhere, since the operating system's resolver blocks.</summary>
    private async Task Resolve()
    {
        IPAddress[] found = [];
        string failure = "the name has no address";
        try
        {
            found = await Dns.GetHostAddressesAsync(_address.Host).ConfigureAwait(false);
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or ArgumentException)
        {
            failure = error.Message;
        }

        Loop.Post(() =>
        {
            foreach (IPAddress address in found)
            {
                _untried.Enqueue(address);
            }

            _onlyRefused = found.Length > 0;
            TryNext(failure);
        });
    }

    /// <summary>Tries the next address, or ends for lack of one.</summary>
    private void TryNext(string lastFailure)
    {
        while (!IsClosed)
        {
            if (!_untried.TryDequeue(out IPAddress? next))
            {
                // That the process is gone is only certain when every address said so.
                EndNow(_onlyRefused ? LinkEnd.Refused : LinkEnd.Unreachable, lastFailure);
                return;
            }

            _current = next;
            int error = Begin();
            if (error == 0)
            {
                return;
            }

            _onlyRefused &= error == Libc.ECONNREFUSED;
            lastFailure = Marshal.GetPInvokeErrorMessage(error);
        }
    }

    /// <summary>Begins to connect to the current address; answers the error that came at once, or 0.</summary>
    private unsafe int Begin()
    {
        bool isV6 = _current.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        int descriptor = Libc.Socket(isV6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, Libc.IPPROTO_TCP);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        SocketSettings.Apply(descriptor, _current);
        SocketSettings.ExpectAnswers(descriptor);
        byte* address = stackalloc byte[PeerAddress.Size];
        uint length = PeerAddress.Write(_current, _address.Port, new Span<byte>(address, PeerAddress.Size));
        int error = Libc.Connect(descriptor, address, length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (error is not (0 or Libc.EINPROGRESS or Libc.EINTR))
        {
            Libc.Close(descriptor);
            return error;
        }

        // Also when it is connected already: that is then reported as any other.
        Attach(descriptor, hasRoom: false);
        return 0;
    }

    private void FinishConnecting()
    {
        if (Descriptor < 0)
        {
            return;
        }

        int error = Libc.TakeSocketError(Descriptor);
        if (error == 0 && IsConnectedToItself())
        {
            error = Libc.ECONNREFUSED;
        }

        if (error != 0)
        {
            _onlyRefused &= error == Libc.ECONNREFUSED;
            Detach();
            TryNext(Marshal.GetPInvokeErrorMessage(error));
            return;
        }

        _connected = true;
        try
        {
            _events.OnConnected();
        }
        catch (Exception failure) when (failure is not InvariantViolationException)
        {
            OnHandlerFailed(failure);
        }
    }

    /// <summary>
    /// Within a machine, where nobody listens on a port that the system also gives to clients, an attempt may be given that very port and
    /// meet itself: TCP allows two sides to open at once. It would even keep the port from the process that is to listen there.
    /// </summary>
    private unsafe bool IsConnectedToItself()
    {
        if (!IPAddress.IsLoopback(_current))
        {
            return false;
        }

        byte* address = stackalloc byte[PeerAddress.Size];
        int length = PeerAddress.Size;
        return Libc.LocalName(Descriptor, address, &length) == 0
            && PeerAddress.Parse(new ReadOnlySpan<byte>(address, PeerAddress.Size)).Port == _address.Port;
    }

    private void EndNow(LinkEnd end, string reason)
    {
        _end ??= end;
        CloseNow(reason);
    }
}
