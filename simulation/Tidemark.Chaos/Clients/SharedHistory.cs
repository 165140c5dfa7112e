using Tidemark.Primitives;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Clients;

/// <summary>
/// The simulator's history for clients that run at the same time. What an operation begins with is taken down before its first byte
/// leaves, what it was told after its last byte came: so the order in which things are told here never claims more than real time does.
/// </summary>
internal sealed class SharedHistory : IDisposable
{
    private readonly Lock _lock = new();
    private readonly History _history = new(losses: null);
    private readonly TaskCompletionSource<BrokenRuleException> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _whenBroken = new();
    private int _acknowledged;
    private int _reads;

    /// <summary>Completes with the first broken promise.</summary>
    public Task<BrokenRuleException> Broken => _broken.Task;

    /// <summary>Is cancelled with it, so that a fault which lasts ends and the nodes are found as they were.</summary>
    public CancellationToken WhenBroken => _whenBroken.Token;

    public int Acknowledgements => Volatile.Read(ref _acknowledged);

    public int Reads => Volatile.Read(ref _reads);

    public WriteAttempt Begin(string producer, PartitionId partition, IReadOnlyList<string> values, short acks, bool isIdempotent)
    {
        lock (_lock)
        {
            return _history.Begin(producer, partition, values, acks, isIdempotent);
        }
    }

    public void Acknowledged(WriteAttempt write, long offset)
    {
        Interlocked.Increment(ref _acknowledged);
        Do(history => history.Acknowledged(write, offset));
    }

    public void Refused(WriteAttempt write) => Do(history => history.Refused(write));

    public void MayStand(WriteAttempt write) => Do(_ => write.MayStand = true);

    public long Floor(PartitionId partition)
    {
        lock (_lock)
        {
            return _history.Floor(partition);
        }
    }

    public void ToldEnd(PartitionId at, long end, long floor, string by)
    {
        Interlocked.Increment(ref _reads);
        Do(history => history.ToldEnd(at, end, floor, by));
    }

    public void Seen(PartitionId at, long offset, string value, string by) => Do(history => history.Seen(at, offset, value, by));

    public void Final(PartitionId at, long logStart, IReadOnlyList<string> values) => Do(history => history.Final(at, logStart, values));

    /// <summary>A promise that the history itself does not know of was broken.</summary>
    public void Break(string rule, string what) => Break(new BrokenRuleException(rule, what));

    public void Dispose() => _whenBroken.Dispose();

    private void Break(BrokenRuleException rule)
    {
        if (_broken.TrySetResult(rule))
        {
            _whenBroken.Cancel();
        }
    }

    private void Do(Action<History> step)
    {
        try
        {
            lock (_lock)
            {
                step(_history);
            }
        }
        catch (BrokenRuleException error)
        {
            // Clients tell what happened from many threads; the run ends where it waits for this.
            Break(error);
        }
    }
}
