using Tidemark.Broker.Cluster;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Until when a broker may serve what it leads.</summary>
public sealed class ServingLeaseTests
{
    private static readonly TimeSpan s_session = TimeSpan.FromSeconds(9);
    private readonly Clock _clock = new();

    [Fact]
    public void Nobody_is_served_before_a_heartbeat_was_acknowledged() => Assert.False(new ServingLease(_clock, s_session).IsHeld);

    [Fact]
    public void It_reaches_from_the_sending_of_the_heartbeat_and_ends_before_the_session()
    {
        var lease = new ServingLease(_clock, s_session);
        long sent = _clock.GetTimestamp();
        _clock.Pass(TimeSpan.FromSeconds(3));
        lease.Extend(sent);
        _clock.Pass(TimeSpan.FromSeconds(5));
        Assert.True(lease.IsHeld);
        _clock.Pass(TimeSpan.FromSeconds(0.2));
        Assert.False(lease.IsHeld);
    }

    [Fact]
    public void A_process_that_stood_still_finds_it_over()
    {
        var lease = new ServingLease(_clock, s_session);
        lease.Extend(_clock.GetTimestamp());
        _clock.Pass(TimeSpan.FromSeconds(20));
        Assert.False(lease.IsHeld);
        lease.Extend(_clock.GetTimestamp());
        Assert.True(lease.IsHeld);
    }

    [Fact]
    public void An_answer_that_comes_late_takes_nothing_back_and_being_fenced_takes_all()
    {
        var lease = new ServingLease(_clock, s_session);
        long early = _clock.GetTimestamp();
        _clock.Pass(TimeSpan.FromSeconds(4));
        lease.Extend(_clock.GetTimestamp());
        lease.Extend(early);
        _clock.Pass(TimeSpan.FromSeconds(7));
        Assert.True(lease.IsHeld);
        lease.Drop();
        Assert.False(lease.IsHeld);
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Pass(TimeSpan time) => _ticks += time.Ticks;
    }
}
