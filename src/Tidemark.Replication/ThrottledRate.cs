using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>
/// The rate of throttled traffic over the last windows, as Kafka's replication quotas measure it: the bytes of all windows that are kept, over the time
/// since the oldest of them began, which counts as one window at least. Time is an argument, monotonic.
/// </summary>
/// <param name="windows"><c>replication.quota.window.num</c></param>
/// <param name="window"><c>replication.quota.window.size.seconds</c></param>
public sealed class ThrottledRate(int windows, TimeSpan window)
{
    private readonly Queue<Window> _windows = new();
    private Window? _newest;
    private long _bytes;

    /// <summary>So many bytes were sent or taken.</summary>
    public void Record(long bytes, TimeSpan now)
    {
        Invariant.Require(bytes >= 0);
        Forget(now);
        if (_newest is null || now - _newest.Start >= window)
        {
            _newest = new Window(now);
            _windows.Enqueue(_newest);
        }

        _newest.Bytes += bytes;
        _bytes += bytes;
    }

    /// <summary>
    /// How long nothing more may be sent: until the rate is down at the limit, or everything that made it too high is forgotten. Zero while it is not above.
    /// </summary>
    /// <param name="limit">Bytes a second, 0 or more.</param>
    public TimeSpan WaitFor(long limit, TimeSpan now)
    {
        Forget(now);
        if (!_windows.TryPeek(out Window? oldest))
        {
            return TimeSpan.Zero;
        }

        TimeSpan elapsed = now - oldest.Start;
        if (_bytes <= limit * Math.Max(elapsed.TotalSeconds, window.TotalSeconds))
        {
            return TimeSpan.Zero;
        }

        TimeSpan forgotten = oldest.Start + (windows * window) - now;
        double seconds = limit > 0 ? (_bytes / (double)limit) - elapsed.TotalSeconds : double.MaxValue;
        return seconds < forgotten.TotalSeconds ? TimeSpan.FromSeconds(seconds) : forgotten;
    }

    private void Forget(TimeSpan now)
    {
        while (_windows.TryPeek(out Window? oldest) && now - oldest.Start >= windows * window)
        {
            _bytes -= oldest.Bytes;
            _windows.Dequeue();
        }

        if (_windows.Count == 0)
        {
            _newest = null;
        }
    }

    private sealed class Window(TimeSpan start)
    {
        public TimeSpan Start => start;

        public long Bytes { get; set; }
    }
}
