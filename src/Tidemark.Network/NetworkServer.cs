using Microsoft.Extensions.Logging;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;
using Tidemark.Network.Buffers;
using Tidemark.Network.Connecting;
using Tidemark.Network.Listeners;
using Tidemark.Network.Loops;

namespace Tidemark.Network;

/// <summary>
/// The broker's listeners and connections, and those to other nodes: binds at once, accepts from <see cref="Start"/> on, and stops gracefully. Frames go to
/// the <see cref="IConnectionAcceptor"/>'s handlers on the loops' threads.
/// </summary>
public sealed class NetworkServer : IAsyncDisposable
{
    private readonly NetworkContext _context;
    private readonly HashSet<Acceptor> _startedListeners = [];
    private readonly List<EventLoop> _loops = [];
    private readonly List<Acceptor> _acceptors = [];
    private readonly Lock _lock = new();
    private bool _running;
    private Task? _stopped;

    /// <summary>Binds all listeners.</summary>
    /// <exception cref="ListenerBindException">One cannot be bound; none is then.</exception>
    public NetworkServer(NetworkOptions options, IConnectionAcceptor broker, FrameBufferPool buffers, TimeProvider time, ILoggerFactory logs)
    {
        _context = new NetworkContext(options, broker, buffers, time, logs.CreateLogger("Tidemark.Network"));
        try
        {
            foreach (ListenerOptions listener in options.Listeners)
            {
                _acceptors.Add(new Acceptor(_context, listener, _loops));
            }
        }
        catch (ListenerBindException)
        {
            _acceptors.ForEach(acceptor => acceptor.Dispose());
            throw;
        }

        for (int i = 0; i < Math.Max(1, options.LoopCount); i++)
        {
            // One of the loops looks after the pool, which needs no thread of its own.
            _loops.Add(new EventLoop(_context, i, i == 0 ? buffers.Trim : null));
        }

        Connector = new SocketConnector(_loops, StartLoops);
    }

    /// <summary>The way to other nodes. It may be used before <see cref="Start"/>.</summary>
    public INodeConnector Connector { get; }

    /// <summary>The listeners in the order of the options, with their real ports.</summary>
    public IReadOnlyList<BoundListener> Listeners => [.. _acceptors.Select(acceptor => acceptor.Bound)];

    /// <summary>Connections that are open.</summary>
    public int ConnectionCount => _context.Quota.Count;

    /// <summary>Begins to accept connections on these listeners, before the others.</summary>
    /// <exception cref="ListenerBindException">Another process listens there by now.</exception>
    public void Start(IReadOnlyCollection<string> listeners)
    {
        StartLoops();
        foreach (Acceptor acceptor in _acceptors.Where(each => listeners.Contains(each.ListenerName)))
        {
            Start(acceptor);
        }
    }

    /// <summary>Begins to accept connections on all listeners that do not yet. Called once, when the broker is ready for requests.</summary>
    /// <exception cref="ListenerBindException">Another process listens there by now.</exception>
    public void Start()
    {
        StartLoops();
        foreach (Acceptor acceptor in _acceptors)
        {
            Start(acceptor);
        }
    }

    /// <summary>Puts new limits in force for connections to come.</summary>
    public void UpdateLimits(ConnectionLimits limits) => _context.Quota.Update(limits);

    /// <summary>
    /// Stops accepting and reading at once, lets answers to requests in hand leave, and closes every connection, after
    /// <paramref name="drainMax"/> at the latest.
    /// </summary>
    public Task StopAsync(TimeSpan drainMax)
    {
        foreach (Acceptor acceptor in _acceptors.Where(each => !_startedListeners.Contains(each)))
        {
            acceptor.Dispose();
        }

        lock (_lock)
        {
            if (!_running)
            {
                return Task.CompletedTask;
            }
        }

        return _stopped ??= Task.WhenAll(_loops.Select(loop => loop.StopAsync(drainMax)));
    }

    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero);

    private void Start(Acceptor acceptor)
    {
        if (_startedListeners.Add(acceptor))
        {
            acceptor.Start(_loops[0]);
            NetworkLog.Listening(_context.Logger, acceptor.Bound.Name, acceptor.Bound.Host, acceptor.Bound.Port);
        }
    }

    private void StartLoops()
    {
        if (Volatile.Read(ref _running))
        {
            return;
        }

        lock (_lock)
        {
            if (!_running)
            {
                _loops.ForEach(loop => loop.Start());
                Volatile.Write(ref _running, true);
            }
        }
    }
}
