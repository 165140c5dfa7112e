namespace Tidemark.Broker.Runtime;

/// <summary>Waiting that does not last longer than it may.</summary>
internal static class TimeLimits
{
    /// <summary>Completes when the task does, however it ends, or when the time is over.</summary>
    public static async Task Within(this TimeProvider time, Task task, TimeSpan limit)
    {
        var timeout = new TaskCompletionSource();
        await using ITimer timer = time.CreateTimer(_ => timeout.TrySetResult(), null, limit, Timeout.InfiniteTimeSpan);
        await Task.WhenAny(task, timeout.Task);
    }
}
