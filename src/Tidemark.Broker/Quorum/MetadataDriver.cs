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

    private readonly BrokerEnvironment _environment;
    private readonly QuorumOptions _options;
    private readonly ILogger _log;
    private readonly BrokerSessions _sessions = new();
    private readonly Lock _queueLock = new();
    private readonly Queue<PendingCommand> _queue = new();
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
    /// Puts a command into the queue. Its answer comes when its records are committed and the image with them is published.
    /// Throws into the task when the metadata log failed or the driver was stopped.
    /// </summary>
    public Task<T> Submit<T>(Func<ControllerContext, Decision<T>> decide)
    {
        var command = new PendingCommand<T>(decide);
        lock (_queueLock)
        {
            if (_isStopped || _failure is not null)
            {
                command.Fail(_failure ?? new InvalidOperationException("the controller was stopped"));
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

    /// <summary>Takes no more commands, flushes and closes the log. Commands that still wait fail.</summary>
    public void Close()
    {
        List<PendingCommand> left;
        lock (_queueLock)
        {
            _isStopped = true;
            left = [.. _queue];
            _queue.Clear();
        }

        foreach (PendingCommand command in left)
        {
            command.Fail(new InvalidOperationException("the controller was stopped"));
        }

        StopSnapshots();
        _voter?.Resign();
        if (_failure is null)
        {
            _metadata?.Close();
        }

        _builder.Dispose();
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
                Serve(taken);
            }
            catch (Exception e)
            {
                Fail(e, taken);
                return;
            }
        }
    }

    private void Serve(List<PendingCommand> commands)
    {
        var decided = new List<PendingCommand>(commands.Count);
        foreach (PendingCommand command in commands)
        {
            IReadOnlyList<MetadataRecord> records;
            try
            {
                records = command.Decide(Context(_replay.ToImage()));
            }
            catch (Exception e) when (e is not InvariantViolationException)
            {
                QuorumLog.CommandFailed(_log, e);
                command.Fail(e);
                continue;
            }

            Append(records);
            decided.Add(command);
        }

        Flush();
        MetadataImage image = _replay.ToImage();
        if (!ReferenceEquals(image, _committed))
        {
            _committed = image;
            _publish(image);
        }

        foreach (PendingCommand command in decided)
        {
            command.Complete();
        }

        SnapshotIfDue();
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
