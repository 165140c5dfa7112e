using Microsoft.Extensions.Logging;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Records;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// Drives this node's member of the metadata quorum, and the controller while this node leads it. Whatever happens (commands of clients,
/// questions and answers of other members, the passing of time) queues up; one turn at a time takes all that wait, lets the member and
/// the controller decide, appends, flushes once for all, publishes the newest committed image and then answers. A turn runs in the
/// injected background; there is never more than one.
/// </summary>
public sealed partial class MetadataDriver
{
    /// <summary>One turn flushes at most so many inputs together, so that the first of them need not wait for an endless queue.</summary>
    private const int InputsPerTurnMax = 1000;

    /// <summary>Clients' commands that may wait: some turns' worth. Who comes later would hardly be answered in time, and each one holds its request's memory.</summary>
    private const int InputsWaitingMax = 10 * InputsPerTurnMax;

    /// <summary>How long a command may wait whose request names no time: as long as a broker of Kafka's waits for its controller.</summary>
    private static readonly TimeSpan s_defaultPatience = TimeSpan.FromSeconds(60);

    private readonly BrokerEnvironment _environment;
    private readonly IBackground _turns;
    private readonly QuorumOptions _options;
    private readonly ILogger _log;
    private readonly Lock _queueLock = new();
    private readonly Queue<QuorumInput> _queue = new();

    /// <summary>Held by a turn from its first decision until its image is published, and by whoever closes the log under it.</summary>
    private readonly Lock _turnLock = new();
    private readonly RecordBatchBuilder _builder = new();
    private readonly TaskCompletionSource<Exception> _failed = new();
    private readonly TaskCompletionSource _resigned = new();

    /// <summary>What a turn does at its end, outside the lock: answers, and whatever goes on with them.</summary>
    private readonly List<Action> _afterTurn = [];
    private readonly DelayQueue _delays;
    private MetadataLog? _metadata;
    private QuorumMember? _member;
    private ITimer? _timer;
    private volatile short _kraftVersion;
    private bool _turnIsDue;
    private bool _isStopped;
    private bool _isClosed;
    private Exception? _failure;

    /// <param name="turns">Where turns run, one at a time; with all other background work where nothing is given.</param>
    public MetadataDriver(BrokerEnvironment environment, QuorumOptions options, IBackground? turns = null)
    {
        _turns = turns ?? environment.Background;
        _environment = environment;
        _options = options;
        _log = environment.Logs.CreateLogger("Tidemark.Quorum");
        _config = (MetadataImage.Empty, options.Config);
        _peers = new QuorumPeers(environment, options);
        _delays = new DelayQueue(environment.Time);
        _watch = options.DetectsCrashes ? new BrokerWatch(environment.Connector, _delays, OnProcessGone, OnConnectionEnded) : null;
    }

    /// <summary>Completes, with the reason, when the metadata log can take nothing more: the node has to stop.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>The level of kraft.version: 1 where the quorum keeps its voters in the log.</summary>
    public short KRaftVersion => _kraftVersion;

    /// <summary>The quorum's epoch.</summary>
    public LeaderEpoch Epoch => Member.Epoch;

    private QuorumMember Member => _member ?? throw new InvalidOperationException("the quorum was not started");

    private MetadataLog Metadata => _metadata ?? throw new InvalidOperationException("the quorum was not started");

    private long NowMs => _environment.Time.GetUtcNow().ToUnixTimeMilliseconds();

    private TimeSpan Now => _environment.Time.GetElapsedTime(0);

    /// <summary>
    /// Puts a client's command into the queue. Its answer comes when its records are committed and the image with them is published. A
    /// command that finds the queue full, or whose time is up when its turn comes, is answered REQUEST_TIMED_OUT; one that finds no
    /// controller here, or one whose log fails where others can lead, NOT_CONTROLLER: clients send both again. Throws into the task when
    /// the metadata log failed and nobody else can lead.
    /// </summary>
    /// <param name="refusal">The answer that tells of an error.</param>
    /// <param name="timeoutMs">How long the client waits; null where the request does not say. A command refuses one of 0 or less itself.</param>
    public Task<T> Submit<T>(Func<ControllerContext, Decision<T>> decide, Func<ErrorCode, T> refusal, int? timeoutMs = null)
    {
        TimeSpan patience = timeoutMs is > 0 ? TimeSpan.FromMilliseconds(timeoutMs.Value) : s_defaultPatience;
        long deadline = _environment.Time.GetTimestamp() + (long)(patience.TotalSeconds * _environment.Time.TimestampFrequency);
        return Enqueue(new PendingCommand<T>(decide, refusal) { Deadline = deadline }, InputsWaitingMax);
    }

    /// <summary>
    /// Takes no more commands, lets the turn that is running end, hands the leadership over where there is somebody to take it, flushes and
    /// closes the log. Commands that still wait are refused.
    /// </summary>
    public void Close()
    {
        List<QuorumInput> left;
        lock (_queueLock)
        {
            _isStopped = true;
            left = [.. _queue];
            _queue.Clear();
        }

        StopSnapshots();
        StopBringingIn();
        lock (_turnLock)
        {
            if (!_isClosed && _member is not null && _failure is null)
            {
                _member.Shutdown(Now);
                CarryOut();
            }

            _isClosed = true;
            RefuseAwaiting(ErrorCode.NotController);
            AnswerAllCommitted();
            _timer?.Dispose();
            if (_failure is null)
            {
                _metadata?.Close();
            }

            _builder.Dispose();
        }

        left.ForEach(input => input.Refuse(ErrorCode.NotController));
        RunAfterTurn();
        _watch?.Update([], areNew: false);
        _peers.Dispose();
        _delays.Dispose();
    }

    /// <summary>Hands the leadership over, if this node has it; completes when the other voters know. The log can still be read and copied.</summary>
    public Task Resign()
    {
        Enqueue(() => Member.Shutdown(Now), () => _resigned.TrySetResult());
        return _resigned.Task;
    }

    /// <summary>Puts a command of this node's own into the queue, which it may not be refused by.</summary>
    private Task<T> SubmitOwn<T>(Func<ControllerContext, Decision<T>> decide, Func<ErrorCode, T> refusal) =>
        Enqueue(new PendingCommand<T>(decide, refusal) { Deadline = long.MaxValue }, int.MaxValue);

    private Task<T> Enqueue<T>(PendingCommand<T> command, int waitingMax)
    {
        Enqueue((QuorumInput)command, waitingMax);
        return command.Task;
    }

    /// <summary>Has something done in a turn of the member's. What finds the queue full is lost, as a message on a busy line is.</summary>
    private void Enqueue(Action work, Action? refused = null) => Enqueue(new QuorumWork(work, refused), InputsWaitingMax);

    private void Enqueue(QuorumInput input, int waitingMax)
    {
        ErrorCode refusal = ErrorCode.None;
        Exception? failure;
        lock (_queueLock)
        {
            failure = _failure;
            if (failure is null && (_isStopped || _queue.Count >= waitingMax))
            {
                refusal = _isStopped ? ErrorCode.NotController : ErrorCode.RequestTimedOut;
            }
            else if (failure is null)
            {
                _queue.Enqueue(input);
                if (_turnIsDue)
                {
                    return;
                }

                _turnIsDue = true;
            }
        }

        if (failure is not null)
        {
            GiveUp(input, failure);
        }
        else if (refusal != ErrorCode.None)
        {
            input.Refuse(refusal);
        }
        else
        {
            _turns.Post("metadata", Turn);
        }
    }

    private void Turn()
    {
        while (true)
        {
            var taken = new List<QuorumInput>();
            lock (_queueLock)
            {
                while (taken.Count < InputsPerTurnMax && _queue.TryDequeue(out QuorumInput? input))
                {
                    taken.Add(input);
                }

                if (taken.Count == 0)
                {
                    _turnIsDue = false;
                    return;
                }
            }

            try
            {
                if (!TryServe(taken))
                {
                    taken.ForEach(input => input.Refuse(ErrorCode.NotController));
                    continue;
                }
            }
            catch (Exception e)
            {
                Fail(e, taken);
                return;
            }

            // Not under the lock: whoever waits goes on right here, and may even stop the node.
            RunAfterTurn();
        }
    }

    /// <summary>False, with nothing done, when the log was closed before the turn began.</summary>
    private bool TryServe(List<QuorumInput> inputs)
    {
        lock (_turnLock)
        {
            if (_isClosed)
            {
                return false;
            }

            foreach (QuorumInput input in inputs)
            {
                if (input is PendingCommand command)
                {
                    Decide(command);
                }
                else
                {
                    ((QuorumWork)input).Run();
                    CarryOut();
                }
            }

            Finish();
            return true;
        }
    }

    /// <summary>Carries out all that is to be done, flushes, tells, and sets the alarm for what comes next.</summary>
    private void Finish()
    {
        CarryOut();
        while (_flushIsDue)
        {
            _flushIsDue = false;
            if (!Plants.IsOn(Plant.MetadataNotFlushed))
            {
                Metadata.Log.Flush();
            }

            Member.OnFlushed(Metadata.Log.LogEndOffset, Now);
            CarryOut();
        }

        _kraftVersion = Member.Voters.KRaftVersion;
        SendOutbox();
        AnswerHeldFetches();
        Settle();
        RegisterAtController();
        SnapshotIfDue();
        SetAlarm();
        if (Member.IsShutDown)
        {
            _afterTurn.Add(() => _resigned.TrySetResult());
        }
    }

    private void RunAfterTurn()
    {
        Action[] work;
        lock (_turnLock)
        {
            work = [.. _afterTurn];
            _afterTurn.Clear();
        }

        foreach (Action each in work)
        {
            each();
        }
    }

    private void SetAlarm()
    {
        TimeSpan? earliest = null;
        foreach (TimeSpan? deadline in (ReadOnlySpan<TimeSpan?>)[Member.NextDeadline, _activeDeadline, TellDeadline])
        {
            earliest = earliest is null || deadline < earliest ? deadline : earliest;
        }

        TimeSpan wait = earliest is not { } at ? Timeout.InfiniteTimeSpan : at - Now is { Ticks: > 0 } left ? left : TimeSpan.Zero;
        _timer ??= _environment.Time.CreateTimer(_ => Enqueue(Tick), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private void Tick()
    {
        Member.Tick(Now);
        WatchBrokers();
    }

    private void Fail(Exception reason, List<QuorumInput> taken)
    {
        lock (_queueLock)
        {
            _failure = reason;
            taken.AddRange(_queue);
            _queue.Clear();
        }

        QuorumLog.Failed(_log, reason);
        taken.ForEach(input => GiveUp(input, reason));
        lock (_turnLock)
        {
            _afterTurn.AddRange(_awaiting.Select(each => (Action)(() => GiveUp(each.Command, reason))));
            _awaiting.Clear();
            AnswerAllCommitted();
        }

        RunAfterTurn();
        _failed.TrySetResult(reason);
    }

    /// <summary>
    /// The log failed, and this node goes. Where others can lead that is no more to whoever asked than a lost lead: the next controller decides. Where
    /// nobody else can, they would look for one in vain.
    /// </summary>
    private void GiveUp(QuorumInput input, Exception reason)
    {
        if (IsAlone)
        {
            input.Fail(reason);
        }
        else
        {
            input.Refuse(ErrorCode.NotController);
        }
    }

    private Uuid NewId()
    {
        Uuid id;
        do
        {
            id = _environment.NewId();
        }
        while (id.ToString().StartsWith('-')); // A command line would take it for an option.

        return id;
    }
}
