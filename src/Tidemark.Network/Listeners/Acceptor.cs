using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tidemark.Network.Loops;
using Tidemark.Network.Native;

namespace Tidemark.Network.Listeners;

/// <summary>
/// A bound socket. Bound before the broker starts, so that a port in use is found early; clients that come meanwhile wait in the
/// backlog, or are refused where the options say so. Accepted connections go to the loops in turn.
/// </summary>
internal sealed class Acceptor : IDisposable
{
    /// <summary>Connections taken before the loop looks at its other sockets again.</summary>
    private const int AcceptedAtOnceMax = 64;

    private readonly NetworkContext _context;
    private readonly Socket _socket;
    private readonly IReadOnlyList<EventLoop> _loops;
    private readonly Action _resume;
    private readonly ListenerOptions _options;
    private EventLoop? _home;
    private int _turn;
    private bool _paused;
    private ITimer? _paceTimer;

    public Acceptor(NetworkContext context, ListenerOptions options, IReadOnlyList<EventLoop> loops)
    {
        _context = context;
        _loops = loops;
        _options = options;
        _resume = () => _ = _home!.Post(Resume);
        ListenerName = options.Name;
        try
        {
            IPAddress address = Address(options.Host);
            _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };

            // A restart must not wait for connections of the last run to time out. (.NET's own option would also let another process share the port.)
            Libc.SetOption(Descriptor, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
            if (address.Equals(IPAddress.IPv6Any))
            {
                _socket.DualMode = true;
            }

            if (context.Options.ReceiveBufferBytes > 0)
            {
                // Set before listening, for the window scale of a connection is agreed when it is made.
                _socket.ReceiveBufferSize = context.Options.ReceiveBufferBytes;
            }

            _socket.Bind(new IPEndPoint(address, options.Port));
            if (!options.RefusesUntilStarted)
            {
                _socket.Listen(options.Backlog);
            }
        }
        catch (SocketException error)
        {
            _socket?.Dispose();
            throw Failure(error);
        }

        Bound = new BoundListener(options.Name, options.Host, ((IPEndPoint)_socket.LocalEndPoint!).Port);
    }

    public string ListenerName { get; }

    public BoundListener Bound { get; }

    public int Descriptor => (int)_socket.SafeHandle.DangerousGetHandle();

    /// <summary>Begins to accept, on the thread of the given loop.</summary>
    /// <exception cref="ListenerBindException">Another process that was bound to the same port listens there by now.</exception>
    public void Start(EventLoop home)
    {
        if (_options.RefusesUntilStarted)
        {
            try
            {
                _socket.Listen(_options.Backlog);
            }
            catch (SocketException error)
            {
                throw Failure(error);
            }
        }

        _home = home;
        home.Post(() => home.AddAcceptor(this));
    }

    public unsafe void AcceptWaiting()
    {
        byte* address = stackalloc byte[PeerAddress.Size];
        for (int i = 0; i < AcceptedAtOnceMax; i++)
        {
            TimeSpan? wait = _context.Quota.Wait(ListenerName, _resume);
            if (wait is null)
            {
                Pause(_context.Quota.ReasonWhenFull);
                return;
            }

            if (wait > TimeSpan.Zero)
            {
                PauseFor(wait.Value);
                return;
            }

            int length = PeerAddress.Size;
            int descriptor = Libc.Accept(Descriptor, address, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
            if (descriptor < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                if (error is Libc.ECONNABORTED or Libc.EINTR)
                {
                    continue;
                }

                if (error != Libc.EAGAIN)
                {
                    // Out of descriptors or memory: the backlog keeps the peers until the next tick tries again.
                    Pause(Libc.LastErrorText());
                }

                return;
            }

            Admit(descriptor, PeerAddress.Parse(new ReadOnlySpan<byte>(address, PeerAddress.Size)));
        }
    }

    /// <summary>Tries again after a pause whose end nobody reports.</summary>
    public void OnTick() => Resume();

    public void Dispose()
    {
        _paceTimer?.Dispose();
        _socket.Dispose();
    }

    private ListenerBindException Failure(SocketException error)
    {
        string reason = error.SocketErrorCode == SocketError.AddressAlreadyInUse ? "the port is in use by another process" : error.Message;
        return new ListenerBindException($"Cannot listen on {_options.Name}://{_options.Host}:{_options.Port}: {reason}", error);
    }

    private static IPAddress Address(string host)
    {
        if (host.Length == 0)
        {
            return Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        }

        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return literal;
        }

        IPAddress[] found = Dns.GetHostAddresses(host);
        return Array.Find(found, address => address.AddressFamily == AddressFamily.InterNetwork)
            ?? (found.Length > 0 ? found[0] : throw new SocketException((int)SocketError.HostNotFound));
    }

    private void Admit(int descriptor, IPEndPoint peer)
    {
        if (!_context.Quota.TryEnter(ListenerName, peer.Address))
        {
            Libc.Close(descriptor);
            if (_context.LogRate.TryTake(out string suppressed))
            {
                NetworkLog.Refused(_context.Logger, peer.Address.ToString(), suppressed);
            }

            return;
        }

        SocketSettings.Apply(descriptor, peer.Address);
        if (_context.Options.SendBufferBytes > 0)
        {
            Libc.SetOption(descriptor, Libc.SOL_SOCKET, Libc.SO_SNDBUF, _context.Options.SendBufferBytes);
        }

        EventLoop loop = _loops[_turn++ % _loops.Count];
        if (loop.IsCurrent)
        {
            loop.Open(descriptor, this, peer);
        }
        else if (!loop.Post(() => loop.Open(descriptor, this, peer)))
        {
            Libc.Close(descriptor);
            _context.Quota.Leave(ListenerName, peer.Address);
        }
    }

    private void Pause(string reason)
    {
        if (!_paused)
        {
            _paused = true;
            _home!.SetAccepting(this, false);
            if (_context.LogRate.TryTake(out string suppressed))
            {
                NetworkLog.AcceptPaused(_context.Logger, ListenerName, reason, suppressed);
            }
        }
    }

    /// <summary>Waits for the pace of new connections; nothing is wrong, so the log hears of it at its most talkative only.</summary>
    private void PauseFor(TimeSpan wait)
    {
        if (!_paused)
        {
            _paused = true;
            _home!.SetAccepting(this, false);
            NetworkLog.AcceptThrottled(_context.Logger, ListenerName, (long)wait.TotalMilliseconds);
        }

        _paceTimer ??= _context.Time.CreateTimer(_ => _resume(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _paceTimer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }

    private void Resume()
    {
        if (_paused)
        {
            _paused = false;
            _home!.SetAccepting(this, true);
        }
    }
}
