using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Simulator.Disks;

namespace Tidemark.Simulator.Processes;

/// <summary>
/// One life of a process among several in one simulation. Everything that it does is entered here: timers, background work, awaited
/// continuations and what comes from the network. While it is paused all of that waits; once it is dead none of it happens.
/// </summary>
public sealed class SimulatedProcess : SynchronizationContext, IBackground
{
    private readonly VirtualTime _time;
    private readonly SeededRandom _random;
    private readonly TimeSpan _backgroundDelayMax;
    private readonly List<(string Name, Exception Error)> _failures = [];
    private readonly Queue<Action> _waiting = new();
    private readonly Func<bool> _hasMachineCrashed;
    private TimeSpan _heldUntil;
    private bool _isPaused;
    private bool _isCatchingUp;

    /// <param name="hasMachineCrashed">True from a crash of its disk on, which is a crash of the machine.</param>
    public SimulatedProcess(VirtualTime time, SeededRandom random, Func<bool> hasMachineCrashed, TimeSpan? backgroundDelayMax = null)
    {
        (_time, _random, _hasMachineCrashed) = (time, random, hasMachineCrashed);
        _backgroundDelayMax = backgroundDelayMax ?? TimeSpan.FromMilliseconds(1);
        Clock = new ProcessTime(this, time);
    }

    /// <summary>Time and timers as this process sees them.</summary>
    public TimeProvider Clock { get; }

    public bool IsAlive { get; private set; } = true;

    /// <summary>What its background work and its timers threw. A test usually wants this to stay empty.</summary>
    public IReadOnlyList<(string Name, Exception Error)> Failures => _failures;

    public void Kill()
    {
        IsAlive = false;
        _waiting.Clear();
    }

    /// <summary>By how much this process's wall clock is ahead of the simulation's.</summary>
    public TimeSpan WallClockOffset { get; set; }

    public void Pause() => _isPaused = true;

    /// <summary>Goes on with all that waited, in the order in which it came.</summary>
    public void Resume()
    {
        _isPaused = false;
        CatchUp();
    }

    /// <summary>What the process does just now takes that long, as a call to a slow disk does: nothing else happens in it meanwhile.</summary>
    public void Hold(TimeSpan span)
    {
        TimeSpan until = _time.Elapsed + span;
        if (until > _heldUntil)
        {
            _heldUntil = until;
            _time.Post(span, CatchUp);
        }
    }

    /// <summary>Runs something as this process, now or when it goes on.</summary>
    public void Enter(string name, Action work)
    {
        if (!IsAlive)
        {
            return;
        }

        if (IsHeld || (_waiting.Count > 0 && !_isCatchingUp))
        {
            _waiting.Enqueue(work);
            return;
        }

        SynchronizationContext? outer = Current;
        SetSynchronizationContext(this);
        try
        {
            work();
        }
        catch (SimulatedCrashException) when (_hasMachineCrashed())
        {
            Kill();
        }
        catch (Exception error) when (error is not InvariantViolationException)
        {
            _failures.Add((name, error));
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    void IBackground.Post(string name, Action work) =>
        _time.Post(TimeSpan.FromTicks(_random.Next(_backgroundDelayMax.Ticks + 1)), () => Enter(name, work));

    /// <summary>An awaited continuation.</summary>
    public override void Post(SendOrPostCallback d, object? state) => _time.Post(TimeSpan.Zero, () => Enter("continuation", () => d(state)));

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    private bool IsHeld => _isPaused || _time.Elapsed < _heldUntil;

    private void CatchUp()
    {
        if (_isCatchingUp)
        {
            return;
        }

        _isCatchingUp = true;
        while (!IsHeld && _waiting.TryDequeue(out Action? work))
        {
            Enter("waiting", work);
        }

        _isCatchingUp = false;
    }

    private sealed class ProcessTime(SimulatedProcess process, VirtualTime time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

        public override long GetTimestamp() => time.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + process.WallClockOffset;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(_ => process.Enter("timer", () => callback(state)), null, dueTime, period);
    }
}
