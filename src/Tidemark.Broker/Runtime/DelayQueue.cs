namespace Tidemark.Broker.Runtime;

/// <summary>Something that happens at a deadline unless it was cancelled before. Either <see cref="TryFinish"/> or the deadline wins, once.</summary>
public abstract class Delayed
{
    private int _finished;

    internal long Deadline { get; set; }

    internal DelayQueue? Queue { get; set; }

    public bool IsFinished => Volatile.Read(ref _finished) != 0;

    /// <summary>True for the one caller that may now finish it; its deadline no longer matters.</summary>
    public bool TryFinish()
    {
        if (Interlocked.Exchange(ref _finished, 1) != 0)
        {
            return false;
        }

        Queue?.OnCancelled();
        return true;
    }

    internal bool TryExpire() => Interlocked.Exchange(ref _finished, 1) == 0;

    /// <summary>The deadline passed first. Called on the timer's thread.</summary>
    protected internal abstract void OnExpired();
}

/// <summary>
/// Holds thousands of deadlines on one timer of the injected clock, which is armed only while something waits: an idle broker has none.
/// What finishes before its deadline stays in the heap until then or until half of the heap is such leftovers.
/// </summary>
public sealed class DelayQueue : IDisposable
{
    private const int CompactFrom = 1024;

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<Delayed, long> _heap = new();
    private long _armedFor = long.MaxValue;
    private int _cancelled;
    private bool _disposed;

    public DelayQueue(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static s => ((DelayQueue)s!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many deadlines are in the heap, with those that are left over.</summary>
    internal int Held
    {
        get
        {
            lock (_lock)
            {
                return _heap.Count;
            }
        }
    }

    /// <summary>Lets <paramref name="item"/> expire after the delay. An item is added once.</summary>
    public void Add(Delayed item, TimeSpan delay)
    {
        long deadline = _time.GetTimestamp() + (long)Math.Min(delay.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 4);
        lock (_lock)
        {
            item.Deadline = deadline;
            item.Queue = this;
            Interlocked.MemoryBarrier();
            if (item.IsFinished)
            {
                // By somebody who found it elsewhere, and did not see this queue to tell it; what is not counted must not come in.
                return;
            }

            _heap.Enqueue(item, deadline);
            if (deadline < _armedFor && !_disposed)
            {
                Arm(deadline);
            }
        }
    }

    /// <summary>Does something after the delay, on the timer's thread, unless what is returned is finished before.</summary>
    public Delayed Run(Action action, TimeSpan delay)
    {
        var later = new Later(action);
        Add(later, delay);
        return later;
    }

    /// <summary>Completes after the delay; what waits for it goes on right there.</summary>
    public Task After(TimeSpan delay)
    {
        var over = new TaskCompletionSource();
        Run(over.SetResult, delay);
        return over.Task;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _heap.Clear();
        }

        _timer.Dispose();
    }

    internal void OnCancelled()
    {
        if (Interlocked.Increment(ref _cancelled) < CompactFrom)
        {
            return;
        }

        lock (_lock)
        {
            if (_cancelled * 2 <= _heap.Count)
            {
                return;
            }

            (Delayed Element, long Priority)[] alive = [.. _heap.UnorderedItems.Where(i => !i.Element.IsFinished)];
            _heap.Clear();
            _heap.EnqueueRange(alive);
            Volatile.Write(ref _cancelled, 0);
        }
    }

    private void OnTimer()
    {
        while (true)
        {
            Delayed due;
            lock (_lock)
            {
                _armedFor = long.MaxValue;
                while (_heap.TryPeek(out Delayed? first, out _) && first.IsFinished)
                {
                    _heap.Dequeue();
                    Interlocked.Decrement(ref _cancelled);
                }

                if (_disposed || !_heap.TryPeek(out due!, out long deadline))
                {
                    return;
                }

                if (deadline > _time.GetTimestamp())
                {
                    Arm(deadline);
                    return;
                }

                _heap.Dequeue();
            }

            if (due.TryExpire())
            {
                due.OnExpired();
            }
            else
            {
                Interlocked.Decrement(ref _cancelled);
            }
        }
    }

    private void Arm(long deadline)
    {
        _armedFor = deadline;
        double seconds = Math.Max(0, deadline - _time.GetTimestamp()) / (double)_time.TimestampFrequency;

        // Timers count whole milliseconds and must not fire early, or the queue would spin until the deadline.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Min(seconds * 1000, int.MaxValue - 1))), Timeout.InfiniteTimeSpan);
    }

    private sealed class Later(Action action) : Delayed
    {
        protected internal override void OnExpired() => action();
    }
}
