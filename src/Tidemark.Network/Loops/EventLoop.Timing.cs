using Tidemark.Network.Connections;
using Tidemark.Network.Listeners;

namespace Tidemark.Network.Loops;

/// <content>What happens by the clock: idle connections, closing ones whose peer does not go, the end of a stop.</content>
internal sealed partial class EventLoop
{
    /// <summary>How often ending connections and a stop under way are looked at.</summary>
    private static readonly TimeSpan ShortInterval = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<SocketConnection> _ending = [];
    private readonly List<SocketConnection> _endingNow = [];
    private long _lastScan;
    private long _lastEndingLook;

    private TimeSpan UntilScan => _scanInterval - _context.Time.GetElapsedTime(_lastScan);

    private TimeSpan UntilEndingLook => _ending.Count > 0 || _stopDeadline is not null
        ? ShortInterval - _context.Time.GetElapsedTime(_lastEndingLook)
        : Timeout.InfiniteTimeSpan;

    /// <summary>Looks after a connection that is to end until it has.</summary>
    public void WatchEnding(SocketConnection connection) => _ending.Add(connection);

    public long ToTicks(TimeSpan span) => (long)(span.TotalSeconds * _context.Time.TimestampFrequency);

    private int TimeoutMs()
    {
        TimeSpan wait = UntilScan;
        TimeSpan ending = UntilEndingLook;
        wait = ending != Timeout.InfiniteTimeSpan && ending < wait ? ending : wait;
        return (int)Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, int.MaxValue);
    }

    private void LookAtTheClock()
    {
        if (UntilEndingLook is var ending && ending != Timeout.InfiniteTimeSpan && ending <= TimeSpan.Zero)
        {
            _lastEndingLook = Now;
            LookAfterEnding();
        }

        if (UntilScan <= TimeSpan.Zero)
        {
            _lastScan = Now;
            LookForIdle();
        }
    }

    private void LookAfterEnding()
    {
        if (Now >= _stopDeadline)
        {
            foreach (SocketConnection connection in _connections.All())
            {
                connection.Cut("the broker stops");
            }

            return;
        }

        _endingNow.AddRange(_ending);
        foreach (SocketConnection connection in _endingNow)
        {
            connection.EndIfSent();
        }

        _endingNow.Clear();
    }

    private void LookForIdle()
    {
        if (_context.Options.IdleMax > TimeSpan.Zero)
        {
            long idleTicks = ToTicks(_context.Options.IdleMax);
            foreach (SocketConnection connection in _connections.All())
            {
                connection.CheckIdle(Now, idleTicks);
            }
        }

        foreach (Acceptor acceptor in _acceptors)
        {
            acceptor.OnTick();
        }

        _onScan?.Invoke();
    }
}
