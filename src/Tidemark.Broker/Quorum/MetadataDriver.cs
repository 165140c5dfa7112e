using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Records;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// Drives the controller and the quorum of one voter. Commands queue up; one turn at a time takes all that wait, decides them one after the
/// other on the state that the earlier ones lead to, appends their batches, flushes once for all, publishes the new image and then answers.
/// A turn runs in the injected background; there is never more than one.
/// </summary>
public sealed partial class MetadataDriver
{
    /// <summary>One turn flushes at most so many commands together, so that the first of them need not wait for an endless queue.</summary>
    private const int CommandsPerTurnMax = 1000;

    /// <summary>Clients' commands that may wait: some turns' worth. Who comes later would hardly be answered in time, and each one holds its request's memory.</summary>
    private const int CommandsWaitingMax = 10 * CommandsPerTurnMax;

    /// <summary>How long a command may wait whose request names no time: as long as a broker of Kafka's waits for its controller.</summary>
    private static readonly TimeSpan s_defaultPatience = TimeSpan.FromSeconds(60);

    private readonly BrokerEnvironment _environment;
    private readonly QuorumOptions _options;
    private readonly ILogger _log;
    private readonly BrokerSessions _sessions = new();
    private readonly Lock _queueLock = new();
    private readonly Queue<PendingCommand> _queue = new();

    /// <summary>Held by a turn from its first decision until its image is published, and by whoever closes the log under it.</summary>
    private readonly Lock _turnLock = new();
    private readonly RecordBatchBuilder _builder = new();
    private readonly TaskCompletionSource<Exception> _failed = new();
    private MetadataLog? _metadata;
    private LoneVoter? _voter;
    private MetadataReplay _replay = new(MetadataImage.Empty);
    private Action<MetadataImage> _publish = _ => { };
    private volatile MetadataImage _committed = MetadataImage.Empty;
    private (MetadataImage Of, BrokerConfig Config) _config;
    private bool _turnIsDue;
    private bool _isStopped;
    private bool _isClosed;
    private Exception? _failure;

    public MetadataDriver(BrokerEnvironment environment, QuorumOptions options)
    {
        _environment = environment;
        _options = options;
        _log = environment.Logs.CreateLogger("Tidemark.Quorum");
        _config = (MetadataImage.Empty, options.Config);
    }

    /// <summary>The last committed state.</summary>
    public MetadataImage Current => _committed;

    /// <summary>Completes, with the reason, when the metadata log can take nothing more: the node has to stop.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>The quorum's epoch.</summary>
    public LeaderEpoch Epoch => Voter.Epoch;

    private LoneVoter Voter => _voter ?? throw new InvalidOperationException("the quorum was not started");

    private MetadataLog Metadata => _metadata ?? throw new InvalidOperationException("the quorum was not started");

    private long NowMs => _environment.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>
    /// Puts a client's command into the queue. Its answer comes when its records are committed and the image with them is published. A
    /// command that finds the queue full, or whose time is up when its turn comes, is answered REQUEST_TIMED_OUT; one that finds the
    /// controller stopping, NOT_CONTROLLER: clients send both again. Throws into the task when the metadata log failed.
    /// </summary>
    /// <param name="refusal">The answer that tells of an error.</param>
    /// <param name="timeoutMs">How long the client waits; null where the request does not say. A command refuses one of 0 or less itself.</param>
    public Task<T> Submit<T>(Func<ControllerContext, Decision<T>> decide, Func<ErrorCode, T> refusal, int? timeoutMs = null)
    {
        TimeSpan patience = timeoutMs is > 0 ? TimeSpan.FromMilliseconds(timeoutMs.Value) : s_defaultPatience;
        long deadline = _environment.Time.GetTimestamp() + (long)(patience.TotalSeconds * _environment.Time.TimestampFrequency);
        return Enqueue(new PendingCommand<T>(decide, refusal) { Deadline = deadline }, CommandsWaitingMax);
    }

    /// <summary>Takes no more commands, lets the turn that is running end, flushes and closes the log. Commands that still wait are refused.</summary>
    public void Close()
    {
        List<PendingCommand> left;
        lock (_queueLock)
        {
            _isStopped = true;
            left = [.. _queue];
            _queue.Clear();
        }

        RefuseAll(left);
        StopSnapshots();
        lock (_turnLock)
        {
            _isClosed = true;
            _voter?.Resign();
            if (_failure is null)
            {
                _metadata?.Close();
            }

            _builder.Dispose();
        }
    }

    /// <summary>Puts a command of this node's own into the queue, which it may not be refused by.</summary>
    private Task<T> SubmitOwn<T>(Func<ControllerContext, Decision<T>> decide, Func<ErrorCode, T> refusal) =>
        Enqueue(new PendingCommand<T>(decide, refusal) { Deadline = long.MaxValue }, int.MaxValue);

    private Task<T> Enqueue<T>(PendingCommand<T> command, int waitingMax)
    {
        lock (_queueLock)
        {
            if (_failure is not null)
            {
                command.Fail(_failure);
                return command.Task;
            }

            if (_isStopped || _queue.Count >= waitingMax)
            {
                command.Refuse(_isStopped ? ErrorCode.NotController : ErrorCode.RequestTimedOut);
                command.Complete();
                return command.Task;
            }

            _queue.Enqueue(command);
            if (_turnIsDue)
            {
                return command.Task;
            }

            _turnIsDue = true;
        }

        _environment.Background.Post("metadata", Turn);
        return command.Task;
    }

    private static void RefuseAll(List<PendingCommand> commands)
    {
        foreach (PendingCommand command in commands)
        {
            command.Refuse(ErrorCode.NotController);
            command.Complete();
        }
    }

    private void Turn()
    {
        while (true)
        {
            var taken = new List<PendingCommand>();
            lock (_queueLock)
            {
                while (taken.Count < CommandsPerTurnMax && _queue.TryDequeue(out PendingCommand? command))
                {
                    taken.Add(command);
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
                    RefuseAll(taken);
                    continue;
                }
            }
            catch (Exception e)
            {
                Fail(e, taken);
                return;
            }

            // Not under the lock: whoever waits goes on right here, and may even stop the node.
            foreach (PendingCommand command in taken)
            {
                command.Complete();
            }
        }
    }

    /// <summary>Decides, appends, flushes and publishes. False, with nothing done, when the log was closed before the turn began.</summary>
    private bool TryServe(List<PendingCommand> commands)
    {
        lock (_turnLock)
        {
            if (_isClosed)
            {
                return false;
            }

            foreach (PendingCommand command in commands)
            {
                if (_environment.Time.GetTimestamp() > command.Deadline)
                {
                    command.Refuse(ErrorCode.RequestTimedOut);
                    continue;
                }

                IReadOnlyList<MetadataRecord> records = command.Decide(Context(_replay.ToImage()), out Exception? failure);
                if (failure is not null)
                {
                    QuorumLog.CommandFailed(_log, failure);
                }

                Append(records);
            }

            Flush();
            MetadataImage image = _replay.ToImage();
            if (!ReferenceEquals(image, _committed))
            {
                _committed = image;
                _publish(image);
            }

            SnapshotIfDue();
            return true;
        }
    }

    private void Fail(Exception reason, List<PendingCommand> taken)
    {
        lock (_queueLock)
        {
            _failure = reason;
            taken.AddRange(_queue);
            _queue.Clear();
        }

        QuorumLog.Failed(_log, reason);
        foreach (PendingCommand command in taken)
        {
            command.Fail(reason);
        }

        _failed.TrySetResult(reason);
    }

    private void Append(IReadOnlyList<MetadataRecord> records)
    {
        if (records.Count == 0)
        {
            return;
        }

        long now = NowMs;
        Offset first = Metadata.Log.LogEndOffset;
        Memory<byte> batch = MetadataBatches.Encode(_builder, records, first, Voter.Epoch, now);
        Offset end = Metadata.Append(batch, Voter.Epoch);
        Voter.OnAppended(end);
        _bytesSinceSnapshot += batch.Length;
        _replay.Replay(records, end - 1, Voter.Epoch, now);
    }

    private void Flush()
    {
        Offset end = Metadata.Log.LogEndOffset;
        if (end > Voter.HighWatermark)
        {
            Metadata.Log.Flush();
            Run(Voter.OnFlushed(end));
        }
    }

    private ControllerContext Context(MetadataImage image)
    {
        if (!ReferenceEquals(_config.Of.Configs, image.Configs))
        {
            _config = (image, image.BrokerConfig(_options.NodeId, _options.Config));
        }

        return new ControllerContext(image, _config.Config, _options.NodeId, _options.ClusterId, NowMs, Metadata.Log.LogEndOffset, NewId);
    }

    private Uuid NewId()
    {
        byte[] random = new byte[16];
        Uuid id;
        do
        {
            _environment.FillRandom(random);
            id = Uuid.FromRandom(random);
        }
        while (id.ToString().StartsWith('-')); // A command line would take it for an option.

        return id;
    }
}
