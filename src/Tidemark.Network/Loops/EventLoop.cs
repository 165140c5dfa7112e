using Tidemark.Network.Connecting;
using Tidemark.Network.Connections;
using Tidemark.Network.Listeners;
using Tidemark.Network.Native;

namespace Tidemark.Network.Loops;

/// <summary>
/// One thread that waits for a set of sockets and runs what they bring: it reads frames, calls the broker's handlers in place and
/// writes their answers. A connection belongs to one loop for life; other threads reach it by <see cref="Post"/>, and by sending.
/// </summary>
internal sealed partial class EventLoop
{
    /// <summary>How often idle connections are looked for at most; idle limits are minutes, so this is exact enough.</summary>
    private static readonly TimeSpan ScanIntervalMax = TimeSpan.FromSeconds(15);

    private readonly NetworkContext _context;
    private readonly EpollSet _epoll = new();
    private readonly Thread _thread;
    private readonly ConnectionTable _connections = new();
    private readonly List<Acceptor> _acceptors = [];
    private readonly List<SocketConnection> _unsent = [];
    private readonly Lock _commandLock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeSpan _scanInterval;
    private readonly Action? _onScan;
    private List<Action> _commands = [];
    private List<Action> _runningCommands = [];
    private long? _stopDeadline;
    private bool _disposed;

    public EventLoop(NetworkContext context, int index, Action? onScan)
    {
        _context = context;
        _onScan = onScan;
        TimeSpan quarter = context.Options.IdleMax / 4;
        _scanInterval = quarter > TimeSpan.Zero && quarter < ScanIntervalMax ? quarter : ScanIntervalMax;
        _thread = new Thread(Run) { IsBackground = true, Name = $"tidemark-network-{index}" };
    }

    /// <summary>The current time as a timestamp, taken once for all events of one wait.</summary>
    public long Now { get; private set; }

    public NetworkContext Context => _context;

    public EpollSet Epoll => _epoll;

    /// <summary>Where connections of this loop receive what is not yet known to be part of a large frame.</summary>
    public ReceiveScratch Scratch { get; } = new();

    public bool IsCurrent => Thread.CurrentThread == _thread;

    public void Start()
    {
        _lastScan = Now = _context.Time.GetTimestamp();
        _thread.Start();
    }

    /// <summary>Runs the action on the loop's thread, soon. False when the loop has ended: then it will not run.</summary>
    public bool Post(Action command)
    {
        lock (_commandLock)
        {
            if (_disposed)
            {
                return false;
            }

            if (_commands.Count == 0)
            {
                _epoll.Wake();
            }

            _commands.Add(command);
            return true;
        }
    }

    /// <summary>Remembers a connection to write to once the event at hand is through, so that its answers leave together.</summary>
    public void SendSoon(SocketConnection connection) => _unsent.Add(connection);

    /// <summary>Takes a connected socket into this loop. Called on the loop's thread.</summary>
    public void Open(int descriptor, Acceptor acceptor, System.Net.IPEndPoint peer)
    {
        if (_stopDeadline is not null)
        {
            Libc.Close(descriptor);
            _context.Quota.Leave(acceptor.ListenerName, peer.Address);
            return;
        }

        var connection = new AcceptedConnection(this, peer, acceptor.ListenerName);
        Adopt(connection);
        connection.Open(descriptor);
    }

    /// <summary>Begins to make a connection to another node. Called on the loop's thread.</summary>
    public void Open(NodeConnection connection)
    {
        Adopt(connection);
        if (_stopDeadline is null)
        {
            connection.Open();
        }
        else
        {
            connection.BeginStop();
        }
    }

    /// <summary>The connection has ended.</summary>
    public void Forget(SocketConnection connection)
    {
        _connections.Free(connection.Key);
        _ending.Remove(connection);
    }

    public void AddAcceptor(Acceptor acceptor)
    {
        _epoll.Add(acceptor.Descriptor, Libc.EPOLLIN, ConnectionTable.AcceptorKey(_acceptors.Count));
        _acceptors.Add(acceptor);
    }

    public void SetAccepting(Acceptor acceptor, bool accepting)
    {
        int index = _acceptors.IndexOf(acceptor);
        if (index >= 0)
        {
            _epoll.Change(acceptor.Descriptor, accepting ? Libc.EPOLLIN : 0, ConnectionTable.AcceptorKey(index));
        }
    }

    public void RemoveAcceptors()
    {
        foreach (Acceptor acceptor in _acceptors)
        {
            _epoll.Remove(acceptor.Descriptor);
            acceptor.Dispose();
        }

        _acceptors.Clear();
    }

    /// <summary>
    /// Ends the loop: reads no more requests, lets answers under way leave, closes each connection that has none, and cuts those
    /// that are left after the time given.
    /// </summary>
    public Task StopAsync(TimeSpan drainMax)
    {
        Post(() =>
        {
            RemoveAcceptors();
            _stopDeadline ??= Now + ToTicks(drainMax);
            foreach (SocketConnection connection in _connections.All())
            {
                connection.BeginStop();
            }
        });
        return _ended.Task;
    }

    private void Adopt(SocketConnection connection)
    {
        connection.Key = _connections.Reserve();
        _connections.Set(connection.Key, connection);
    }

    private void Run()
    {
        while (true)
        {
            int count = _epoll.Wait(TimeoutMs());
            Now = _context.Time.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                (uint ready, ulong key) = _epoll.Event(i);
                Dispatch(ready, key);
                SendUnsent();
            }

            LookAtTheClock();
            SendUnsent();
            if (_stopDeadline is not null && _connections.Count == 0)
            {
                break;
            }
        }

        lock (_commandLock)
        {
            _disposed = true;
        }

        // Connections that were on their way here are closed by this.
        RunCommands();
        _epoll.Dispose();
        Scratch.Dispose();
        _ended.SetResult();
    }

    private void Dispatch(uint ready, ulong key)
    {
        if (key == EpollSet.WakeKey)
        {
            _epoll.ClearWake();
            RunCommands();
        }
        else if (ConnectionTable.AcceptorIndex(key) is { } index)
        {
            if (index < _acceptors.Count)
            {
                _acceptors[index].AcceptWaiting();
            }
        }
        else
        {
            _connections.Find(key)?.OnReady(ready);
        }
    }

    private void RunCommands()
    {
        lock (_commandLock)
        {
            (_commands, _runningCommands) = (_runningCommands, _commands);
        }

        foreach (Action command in _runningCommands)
        {
            command();
            SendUnsent();
        }

        _runningCommands.Clear();
    }

    private void SendUnsent()
    {
        // Sending may close a connection, whose handler may send on another of this loop: the list may grow meanwhile.
        for (int i = 0; i < _unsent.Count; i++)
        {
            _unsent[i].SendQueued();
        }

        _unsent.Clear();
    }
}
