namespace Tidemark.Server.Lifecycle;

/// <summary>
/// The system's time, with timers that are not set too early. The runtime's own count whole milliseconds and cut off the rest: whoever waits for a
/// deadline is woken before it, finds nothing to do, asks for what is left, less than a millisecond, and is woken again and again until it has come.
/// </summary>
public sealed class SystemTime : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new WholeTimer(base.CreateTimer(callback, state, Up(dueTime), Up(period)));

    /// <summary>The next whole millisecond; what is infinite stays so.</summary>
    public static TimeSpan Up(TimeSpan time) =>
        time.Ticks % TimeSpan.TicksPerMillisecond is > 0 and var rest ? new TimeSpan(time.Ticks - rest + TimeSpan.TicksPerMillisecond) : time;

    private sealed class WholeTimer(ITimer inner) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(Up(dueTime), Up(period));

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
