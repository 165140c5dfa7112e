namespace Tidemark.Broker.Runtime;

/// <summary>
/// Work that is due again and again, on the injected clock and in the injected background. A turn that is still running when the next
/// is due swallows it.
/// </summary>
public sealed class PeriodicWork : IDisposable
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    private readonly IBackground _background;
    private readonly string _name;
    private readonly Action _work;
    private readonly ITimer _timer;
    private int _running;
    private volatile bool _stopped;

    public PeriodicWork(BrokerEnvironment environment, string name, TimeSpan first, TimeSpan period, Action work)
    {
        _background = environment.Background;
        _name = name;
        _work = work;
        _timer = environment.Time.CreateTimer(static s => ((PeriodicWork)s!).OnTimer(), this, Cap(first), CapPeriod(period));
    }

    /// <summary>From now on the work is due at this period, for the first time when one has passed.</summary>
    public void Change(TimeSpan period)
    {
        if (!_stopped)
        {
            _timer.Change(CapPeriod(period), CapPeriod(period));
        }
    }

    public void Dispose()
    {
        _stopped = true;
        _timer.Dispose();
    }

    /// <summary>Kafka allows the whole range of a long; a timer does not, and a month is as good as never.</summary>
    private static TimeSpan Cap(TimeSpan time) => time < TimeSpan.FromDays(30) ? time : TimeSpan.FromDays(30);

    /// <summary>To a timer, a period of nothing means once.</summary>
    private static TimeSpan CapPeriod(TimeSpan time) => Cap(time > s_shortest ? time : s_shortest);

    private void OnTimer()
    {
        if (!_stopped && Interlocked.Exchange(ref _running, 1) == 0)
        {
            _background.Post(_name, () =>
            {
                try
                {
                    if (!_stopped)
                    {
                        _work();
                    }
                }
                finally
                {
                    Volatile.Write(ref _running, 0);
                }
            });
        }
    }
}
