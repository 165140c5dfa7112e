namespace Tidemark.Network.Tests;

/// <summary>
/// A clock that stands still until the test moves it, however long the machine takes for what the test does in between. How long the loops sleep
/// is real time: they look at the clock at the latest when their next look would be due if it ran.
/// </summary>
internal sealed class HandClock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
