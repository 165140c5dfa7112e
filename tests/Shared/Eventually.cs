using System.Diagnostics;

namespace Tidemark.Tests.Shared;

/// <summary>Waits for what another process does. A test inside one process owns the clock instead and has no use for this.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns when the condition holds, and fails the test when it does not within the time.</summary>
    public static Task HoldsAsync(string what, TimeSpan within, Func<bool> condition) =>
        HoldsAsync(what, within, () => Task.FromResult(condition()));

    /// <inheritdoc cref="HoldsAsync(string, TimeSpan, Func{bool})"/>
    public static async Task HoldsAsync(string what, TimeSpan within, Func<Task<bool>> condition)
    {
        using PeriodicTimer timer = new(Pace);
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < within, $"not within {within.TotalSeconds} s: {what}");
            await timer.WaitForNextTickAsync();
        }
    }
}
