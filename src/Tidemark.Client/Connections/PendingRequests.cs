namespace Tidemark.Client.Connections;

/// <summary>An answer as it came: header and body in the first bytes of an array of the shared pool.</summary>
internal readonly record struct ResponseFrame(byte[] Bytes, int Length);

/// <summary>Requests of one connection that wait for their answers, by correlation id.</summary>
internal sealed class PendingRequests
{
    private readonly Dictionary<int, TaskCompletionSource<ResponseFrame>> _waiting = [];
    private readonly Lock _lock = new();
    private Exception? _failure;
    private int _lastId;

    /// <summary>True once the connection can no longer be used.</summary>
    public bool HasFailed => Volatile.Read(ref _failure) is not null;

    /// <summary>How many wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    public int NextId() => Interlocked.Increment(ref _lastId) & int.MaxValue;

    public Task<ResponseFrame> Add(int id)
    {
        var source = new TaskCompletionSource<ResponseFrame>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_failure is not null)
            {
                return Task.FromException<ResponseFrame>(_failure);
            }

            _waiting.Add(id, source);
            return source.Task;
        }
    }

    /// <summary>False when nobody waits for that answer.</summary>
    public bool TryComplete(int id, ResponseFrame frame)
    {
        TaskCompletionSource<ResponseFrame>? source;
        lock (_lock)
        {
            _waiting.Remove(id, out source);
        }

        return source?.TrySetResult(frame) == true;
    }

    /// <summary>Fails all that wait and all that will.</summary>
    public void Fail(Exception failure)
    {
        TaskCompletionSource<ResponseFrame>[] failed;
        lock (_lock)
        {
            _failure ??= failure;
            failed = [.. _waiting.Values];
            _waiting.Clear();
        }

        foreach (TaskCompletionSource<ResponseFrame> source in failed)
        {
            source.TrySetException(failure);
        }
    }
}
