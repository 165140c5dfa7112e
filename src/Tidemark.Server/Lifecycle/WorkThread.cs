using System.Diagnostics;
using Tidemark.Broker.Runtime;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// Background work on a thread of its own, one piece after another, and timers whose callbacks run there too. What comes some times a second for
/// ever costs less here than on the pool: there a timer wakes the runtime's thread of timers, that one a worker, and the worker a second one that
/// finds nothing to do.
/// </summary>
public sealed class WorkThread : IBackground, IDisposable
{
    private readonly ThreadPoolBackground _guard;
    private readonly Queue<(string Name, Action Work)> _waiting = new();

    /// <summary>Those that are set: a handful.</summary>
    private readonly List<ThreadTimer> _set = [];
    private bool _stopped;
    private bool _ended;

    /// <param name="name">At most 15 characters, which is what the system shows of it.</param>
    /// <param name="guard">Tells the log of work that failed.</param>
    public WorkThread(string name, ThreadPoolBackground guard)
    {
        _guard = guard;
        Time = new ThreadTime(this);
        new Thread(Loop) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>The system's time, with timers that fire on this thread; none does after <see cref="Dispose"/>.</summary>
    public TimeProvider Time { get; }

    /// <summary>Nothing that is posted is lost: what comes when the thread has ended, from an answer that was on its way, runs on the pool.</summary>
    public void Post(string name, Action work)
    {
        lock (_waiting)
        {
            if (!_ended)
            {
                _waiting.Enqueue((name, work));
                Monitor.Pulse(_waiting);
                return;
            }
        }

        _guard.Post(name, work);
    }

    /// <summary>The thread ends when all that was posted until then has run; it is not waited for, since that work may be what disposes this.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            _stopped = true;
            Monitor.Pulse(_waiting);
        }
    }

    private void Loop()
    {
        while (Next() is { } next)
        {
            _guard.Run(next.Name, next.Work);
        }
    }

    /// <summary>Waits for what is to be done next; null when there will be nothing more. What is due goes before what was posted.</summary>
    private (string Name, Action Work)? Next()
    {
        lock (_waiting)
        {
            while (true)
            {
                long now = Stopwatch.GetTimestamp();
                ThreadTimer? first = _stopped ? null : _set.MinBy(t => t.Due);
                if (first is not null && first.Due <= now)
                {
                    first.SetNext(now);
                    return ("timer", first.Callback);
                }

                if (_waiting.TryDequeue(out (string, Action) posted))
                {
                    return posted;
                }

                if (_stopped)
                {
                    _ended = true;
                    return null;
                }

                Monitor.Wait(_waiting, first is null ? Timeout.InfiniteTimeSpan : SystemTime.Up(Stopwatch.GetElapsedTime(now, first.Due)));
            }
        }
    }

    private sealed class ThreadTime(WorkThread thread) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new ThreadTimer(thread, () => callback(state));
            timer.Change(dueTime, period);
            return timer;
        }
    }

    private sealed class ThreadTimer(WorkThread thread, Action callback) : ITimer
    {
        private TimeSpan _period;
        private bool _isDisposed;

        public Action Callback => callback;

        /// <summary>When it fires, by the system's monotonic clock.</summary>
        public long Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (thread._waiting)
            {
                thread._set.Remove(this);
                _period = period;
                if (_isDisposed)
                {
                    return false;
                }

                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Set(Stopwatch.GetTimestamp(), dueTime);
                    Monitor.Pulse(thread._waiting);
                }

                return true;
            }
        }

        /// <summary>It fires now: again after its period, if it has one.</summary>
        public void SetNext(long now)
        {
            thread._set.Remove(this);
            if (_period > TimeSpan.Zero)
            {
                Set(now, _period);
            }
        }

        public void Dispose()
        {
            lock (thread._waiting)
            {
                _isDisposed = true;
                thread._set.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(long now, TimeSpan wait)
        {
            Due = now + (long)Math.Ceiling(wait.TotalSeconds * Stopwatch.Frequency);
            thread._set.Add(this);
        }
    }
}
