using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Coordinating;

/// <summary>
/// Drives one shard in one leadership of its partition. Whoever brings an input while nobody works here takes the turn: all inputs that
/// wait go through the shard one after the other, and what they write is appended as one batch. Answers leave when it is committed.
/// </summary>
public sealed partial class ShardDriver<TShard>(Partition partition, LeaderEpoch epoch, CoordinatorView view, ShardServices<TShard> services) : ICommitListener
    where TShard : CoordinatorShard
{
    private static readonly TimeSpan s_loadAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<long, PendingAnswer> _tickets = [];

    // Guarded by the lock.
    private List<Input> _waiting = [];
    private bool _running;
    private bool _isLoaded;
    private Offset _loadedTo;
    private volatile bool _isClosed;
    private CoordinatorView _view = view;

    // Of whoever has the turn.
    private List<Input> _taken = [];
    private TShard? _shard;
    private long _input;
    private long _ticket;
    private Delayed? _timer;
    private TimeSpan _timerAt = TimeSpan.MaxValue;

    /// <summary>How many members of this shard are in the node's number.</summary>
    private int _counted;

    public Partition Partition => partition;

    public LeaderEpoch Epoch => epoch;

    public ShardServices<TShard> Services => services;

    /// <summary>What it works with; null while it reads its partition, and when it leads no more.</summary>
    public CoordinatorStanding? Standing
    {
        get
        {
            lock (_lock)
            {
                return _isLoaded && !_isClosed ? new CoordinatorStanding(partition, epoch, _loadedTo) : null;
            }
        }
    }

    private string Name => partition.Name.ToString();

    /// <summary>Gives the shard a request. Refused at once while the partition is read, and when it is led no more.</summary>
    /// <param name="guard">For what is written in a transaction: that its coordinator knows of this partition.</param>
    public ValueTask<TResponse> Ask<TResponse>(Action<TShard, long, ShardTime> input, Func<ErrorCode, TResponse> refusal, VerificationGuard? guard = null)
    {
        var pending = new PendingAnswer<TResponse>(refusal);
        lock (_lock)
        {
            if (_isClosed || !_isLoaded)
            {
                return new(refusal(_isClosed ? ErrorCode.NotCoordinator : ErrorCode.CoordinatorLoadInProgress));
            }

            _waiting.Add(new Input(null, input, pending, guard));
        }

        Run();
        return pending.Answer;
    }

    /// <summary>Gives the shard something that nobody waits for. Lost while the partition is read, and when it is led no more.</summary>
    public void Tell(Action<TShard, ShardTime> input)
    {
        lock (_lock)
        {
            if (_isClosed || !_isLoaded)
            {
                return;
            }
        }

        Enqueue(() => Feed(input));
    }

    /// <summary>Topics or configuration changed.</summary>
    public void OnView(CoordinatorView changed)
    {
        lock (_lock)
        {
            _view = changed;
        }

        Tell((shard, now) => shard.OnView(changed, now));
    }

    /// <summary>The leadership is over: whoever waits is sent to the new coordinator.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        Enqueue(RefuseAll);
    }

    private void Enqueue(Action work)
    {
        lock (_lock)
        {
            _waiting.Add(new Input(work, null, null, null));
        }

        Run();
    }

    private void Run()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_running || _waiting.Count == 0)
                {
                    return;
                }

                _running = true;
                (_taken, _waiting) = (_waiting, _taken);
            }

            try
            {
                foreach (Input input in _taken)
                {
                    Take(input);
                }

                Flush();
                Arm();
                Count();
            }
            finally
            {
                _taken.Clear();
                lock (_lock)
                {
                    _running = false;
                }
            }
        }
    }

    private void Take(Input input)
    {
        if (input.Work is { } work)
        {
            work();
            return;
        }

        // A coordinator that may have been replaced tells nothing, also where it would write nothing: what it knows may be old.
        PendingAnswer asked = input.Asked!;
        if (_isClosed || _shard is null || !partition.MayServe(epoch))
        {
            asked.Refuse(ErrorCode.NotCoordinator);
            return;
        }

        asked.Ticket = ++_ticket;
        _tickets.Add(asked.Ticket, asked);
        _inputGuard = input.Guard;
        if (!Feed((shard, now) => input.Request!(shard, asked.Ticket, now)) && _tickets.Remove(asked.Ticket))
        {
            asked.Refuse(ErrorCode.UnknownServerError);
        }

        _inputGuard = null;
    }

    /// <summary>Runs one input through the shard and sees to its effects. False when the shard failed: nothing of the input is kept.</summary>
    private bool Feed(Action<TShard, ShardTime> input)
    {
        if (_isClosed || _shard is not { } shard)
        {
            return false;
        }

        shard.BeginWrite(++_input);
        try
        {
            input(shard, services.Now);
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            ShardLog.RequestFailed(services.Log, Name, e);
            while (shard.TryTakeEffect(out _))
            {
            }

            shard.RevertTo(_input - 1);
            return false;
        }

        TakeEffects(shard);
        return true;
    }

    /// <summary>Sets the timer to when the shard, or a write that takes too long, wants it. One that is set earlier just comes and looks.</summary>
    private void Arm()
    {
        if (_isClosed || _shard is not { } shard)
        {
            return;
        }

        TimeSpan? due = shard.NextDeadline;
        if (_appended.FirstOrDefault(a => a.IsAwaited) is { } oldest && (due is null || oldest.Deadline < due))
        {
            due = oldest.Deadline;
        }

        if (due is { } at && at < _timerAt)
        {
            _timer?.TryFinish();
            _timerAt = at;
            TimeSpan left = at - services.Now.Monotonic;
            _timer = services.Delays.Run(OnTimer, left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    /// <summary>A shard that is not loaded, or not led any more, has no members.</summary>
    private void Count()
    {
        int heartbeating = _shard?.Heartbeating ?? 0;
        if (heartbeating != _counted)
        {
            services.Heartbeating.Add(heartbeating - _counted);
            _counted = heartbeating;
        }
    }

    private void OnTimer() => Enqueue(() =>
    {
        // Whatever is left to wait for sets the timer again at the end of this turn.
        _timerAt = TimeSpan.MaxValue;
        RefuseLate();
        if (_shard?.NextDeadline <= services.Now.Monotonic)
        {
            Feed(static (shard, now) => shard.Tick(now));
        }
    });

    /// <param name="Work">Something of the driver's own.</param>
    /// <param name="Request">A request's input, with <paramref name="Asked"/>.</param>
    private readonly record struct Input(Action? Work, Action<TShard, long, ShardTime>? Request, PendingAnswer? Asked, VerificationGuard? Guard);
}
