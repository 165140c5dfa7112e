namespace Tidemark.Simulator;

/// <summary>
/// Time that passes only when told to. Whatever waits (timers, posted work, messages under way) is an event with a due time;
/// events run one after another on the caller's thread, by due time and among equals in the order they were made, so a run
/// depends on nothing but its inputs. Continuations of tasks awaited inside an event come back here as events of the same instant.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<Event, (long DueTicks, long Order)> _events = new();
    private readonly Lock _lock = new();
    private readonly DateTimeOffset _start;
    private readonly EventContext _context;
    private long _nowTicks;
    private long _order;

    /// <summary>Starts on the first second of 2026, so that stamps look like stamps.</summary>
    public VirtualTime()
        : this(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public VirtualTime(DateTimeOffset start)
    {
        _start = start;
        _context = new EventContext(this);
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How much time has passed since the start.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Interlocked.Read(ref _nowTicks));

    /// <summary>Events that wait, cancelled ones not counted.</summary>
    public int PendingCount
    {
        get
        {
            lock (_lock)
            {
                return _events.UnorderedItems.Count(item => !item.Element.IsCancelled);
            }
        }
    }

    public override long GetTimestamp() => Interlocked.Read(ref _nowTicks);

    public override DateTimeOffset GetUtcNow() => _start + Elapsed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs the work after the delay, on the thread that then advances time.</summary>
    public void Post(TimeSpan delay, Action work) => Schedule(delay, work);

    /// <summary>Runs every event that is due within the given time, then stands at its end.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long end = _nowTicks + by.Ticks;
        while (RunNext(end))
        {
        }

        Interlocked.Exchange(ref _nowTicks, Math.Max(_nowTicks, end));
    }

    /// <summary>
    /// Runs events, jumping from one due time to the next, until the condition holds; false when it did not within the limit or
    /// when nothing is left to happen.
    /// </summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        long end = _nowTicks + limit.Ticks;
        while (!condition())
        {
            if (!RunNext(end))
            {
                return condition();
            }
        }

        return true;
    }

    /// <summary>Forgets every event: the process whose events they were has died.</summary>
    public void CancelAll()
    {
        lock (_lock)
        {
            _events.Clear();
        }
    }

    private Event Schedule(TimeSpan delay, Action work)
    {
        lock (_lock)
        {
            var scheduled = new Event(work);
            _events.Enqueue(scheduled, (_nowTicks + Math.Max(0, delay.Ticks), _order++));
            return scheduled;
        }
    }

    private bool RunNext(long endTicks)
    {
        Event next;
        lock (_lock)
        {
            while (true)
            {
                if (!_events.TryPeek(out Event? candidate, out (long DueTicks, long Order) key) || key.DueTicks > endTicks)
                {
                    return false;
                }

                _events.Dequeue();
                if (!candidate.IsCancelled)
                {
                    next = candidate;
                    Interlocked.Exchange(ref _nowTicks, Math.Max(_nowTicks, key.DueTicks));
                    break;
                }
            }
        }

        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            next.Work();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }

        return true;
    }

    private sealed class Event(Action work)
    {
        public Action Work => work;

        public bool IsCancelled { get; set; }
    }

    /// <summary>Brings awaited continuations back into the queue of events.</summary>
    private sealed class EventContext(VirtualTime time) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback callback, object? state) => time.Post(TimeSpan.Zero, () => callback(state));

        public override void Send(SendOrPostCallback callback, object? state) => callback(state);

        public override SynchronizationContext CreateCopy() => this;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private Event? _next;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed)
            {
                return false;
            }

            if (_next is not null)
            {
                _next.IsCancelled = true;
                _next = null;
            }

            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                _next = time.Schedule(dueTime, Fire);
            }

            return true;
        }

        public void Dispose()
        {
            Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _disposed = true;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            // As in the operating system's timers, a period of zero means once.
            _next = _period > TimeSpan.Zero ? time.Schedule(_period, Fire) : null;
            callback(state);
        }
    }
}
