using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Transactions;

/// <summary>
/// The markers of one request on their way into their partitions: each appended at once, all waited for together, until they are
/// committed, refused, or the time is up.
/// </summary>
internal sealed class MarkerWrites(TimeProvider time) : Delayed, ICommitListener
{
    private readonly TaskCompletionSource _done = new();
    private readonly List<(Partition? Partition, AppendOutcome Outcome)> _appended = [];
    private readonly List<ErrorCode?> _errors = [];
    private readonly Lock _lock = new();
    private int _waiting = 1;

    /// <summary>Takes an error that is known already. Answers the marker's place.</summary>
    public int Add(ErrorCode error) => Add(null, default, error);

    /// <summary>Appends a marker. Answers its place.</summary>
    public int Append(Partition partition, ProducerId producer, short epoch, int coordinatorEpoch, bool commit, short transactionVersion)
    {
        using var builder = new RecordBatchBuilder(ControlRecord.MarkerOptions(producer, epoch));
        builder.AppendMarker(commit, time.GetUtcNow().ToUnixTimeMilliseconds(), coordinatorEpoch);
        byte[] marker = builder.Build().ToArray();
        AppendOutcome outcome = partition.Append(marker, -1, acksAll: true, new AppendTerms(AppendOrigin.Coordinator, null, transactionVersion));
        return Add(partition, outcome, outcome.Error == ErrorCode.None ? null : outcome.Error);
    }

    /// <summary>What became of each marker, by place.</summary>
    public async ValueTask<IReadOnlyList<ErrorCode>> Committed(DelayQueue delays, TimeSpan timeout)
    {
        for (int i = 0; i < _appended.Count; i++)
        {
            if (_errors[i] is not null)
            {
                continue;
            }

            Interlocked.Increment(ref _waiting);
            (Partition? partition, AppendOutcome outcome) = _appended[i];
            if (partition!.AwaitCommit(outcome.End, outcome.Epoch, this, i) is { } decided)
            {
                OnCommitted(i, decided);
            }
        }

        if (Volatile.Read(ref _waiting) > 1)
        {
            delays.Add(this, timeout);
        }

        Arrive();
        await _done.Task;
        lock (_lock)
        {
            // Those that are not decided stand in their logs, and are asked for again.
            return [.. _errors.Select(e => e ?? ErrorCode.RequestTimedOut)];
        }
    }

    public void OnCommitted(int slot, ErrorCode error)
    {
        lock (_lock)
        {
            _errors[slot] = error;
        }

        Arrive();
    }

    protected internal override void OnExpired()
    {
        foreach ((Partition? partition, _) in _appended)
        {
            partition?.StopAwaiting(this);
        }

        _done.TrySetResult();
    }

    private int Add(Partition? partition, AppendOutcome outcome, ErrorCode? error)
    {
        _appended.Add((partition, outcome));
        _errors.Add(error);
        return _errors.Count - 1;
    }

    private void Arrive()
    {
        if (Interlocked.Decrement(ref _waiting) == 0 && TryFinish())
        {
            _done.TrySetResult();
        }
    }
}
