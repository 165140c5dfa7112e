namespace Tidemark.Client.Producing;

/// <summary>Bounds the bytes on their way: whoever wants to add more waits until others have left, first come, first served.</summary>
internal sealed class ByteBudget(long bytesMax)
{
    private readonly Lock _lock = new();
    private readonly Queue<(TaskCompletionSource Turn, int Bytes)> _waiting = new();
    private long _bytes;

    /// <summary>Completes when there is room. One entry may overshoot the bound, so that any size can pass.</summary>
    public Task EnterAsync(int bytes)
    {
        lock (_lock)
        {
            if (_bytes < bytesMax && _waiting.Count == 0)
            {
                _bytes += bytes;
                return Task.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((turn, bytes));
            return turn.Task;
        }
    }

    public void Leave(int bytes)
    {
        lock (_lock)
        {
            _bytes -= bytes;
            while (_bytes < bytesMax && _waiting.TryDequeue(out (TaskCompletionSource Turn, int Bytes) next))
            {
                _bytes += next.Bytes;
                next.Turn.SetResult();
            }
        }
    }
}
