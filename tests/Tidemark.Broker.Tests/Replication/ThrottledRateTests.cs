using Tidemark.Broker.Replicating;
using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>How throttled traffic is measured: Kafka's windows, eleven of a second each.</summary>
public sealed class ThrottledRateTests
{
    private readonly ThrottledRate _rate = new(11, Seconds(1));

    [Fact]
    public void What_was_sent_counts_over_the_time_since_the_first_window_and_one_window_at_least()
    {
        Assert.Equal(TimeSpan.Zero, _rate.WaitFor(1000, Seconds(100)));
        _rate.Record(1000, Seconds(100));
        Assert.Equal(TimeSpan.Zero, _rate.WaitFor(1000, Seconds(100)));
        _rate.Record(2000, Seconds(100.5));
        Assert.Equal(Seconds(2.5), _rate.WaitFor(1000, Seconds(100.5)));
        Assert.Equal(Seconds(1), _rate.WaitFor(1000, Seconds(102)));
        Assert.Equal(TimeSpan.Zero, _rate.WaitFor(1000, Seconds(103)));
    }

    [Fact]
    public void Windows_that_are_too_old_are_forgotten()
    {
        _rate.Record(1_000_000, Seconds(0));
        Assert.Equal(Seconds(11), _rate.WaitFor(1000, Seconds(0)));
        Assert.Equal(Seconds(1), _rate.WaitFor(1000, Seconds(10)));
        Assert.Equal(TimeSpan.Zero, _rate.WaitFor(1000, Seconds(11)));
    }

    [Fact]
    public void A_limit_of_nothing_lets_nothing_through_until_all_is_forgotten()
    {
        Assert.Equal(TimeSpan.Zero, _rate.WaitFor(0, Seconds(5)));
        _rate.Record(1, Seconds(5));
        Assert.Equal(Seconds(9), _rate.WaitFor(0, Seconds(7)));
    }

    [Fact]
    public void A_sender_that_waits_as_told_keeps_to_the_limit()
    {
        TimeSpan now = Seconds(50);
        long sent = 0;
        while (sent < 50_000)
        {
            now += _rate.WaitFor(1000, now);
            _rate.Record(500, now);
            sent += 500;
        }

        Assert.InRange((now - Seconds(50)).TotalSeconds, 48, 50.5);
    }

    [Fact]
    public void Replicas_are_named_one_by_one_or_all_together()
    {
        var some = ThrottledReplicas.Parse(["0:1", "2:3", "odd"]);
        Assert.True(some.Contains(0, new BrokerId(1)));
        Assert.True(some.Contains(2, new BrokerId(3)));
        Assert.False(some.Contains(0, new BrokerId(3)));
        Assert.True(ThrottledReplicas.Parse(["*"]).Contains(7, new BrokerId(7)));
        Assert.False(ThrottledReplicas.Parse([]).Contains(0, new BrokerId(1)));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
