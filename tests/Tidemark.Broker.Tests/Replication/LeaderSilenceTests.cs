using Tidemark.Broker.Cluster;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Simulator;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>When a broker that does not answer fetches is not named to clients: at once when it is gone, or after two heartbeats' time, until a session has passed for nothing.</summary>
public sealed class LeaderSilenceTests
{
    private static readonly BrokerId s_leader = new(2);
    private readonly VirtualTime _time = new();
    private readonly LeaderSilence _silence;

    public LeaderSilenceTests() => _silence = new LeaderSilence(_time, BrokerConfig.Parse([], out _));

    [Fact]
    public void It_begins_two_heartbeats_after_the_question_and_ends_when_the_controller_missed_nothing()
    {
        Assert.Equal([false, false, true, true, true, false], Seen(3.9, 3.95, 4.05, 8, 10.9, 11.1));
    }

    [Fact]
    public void A_second_question_without_an_answer_changes_nothing_and_an_answer_ends_it()
    {
        _silence.Asked(s_leader);
        _time.Advance(TimeSpan.FromSeconds(3));
        _silence.Asked(s_leader);
        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.True(_silence.IsSilent(2));
        Assert.False(_silence.IsSilent(1));
        _silence.Answered(s_leader);
        Assert.False(_silence.IsSilent(2));
        _silence.Asked(s_leader);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(_silence.IsSilent(2));
    }

    [Fact]
    public void It_begins_at_once_when_the_connection_ends()
    {
        _silence.Asked(s_leader);
        _silence.Ended(s_leader);
        Assert.True(_silence.IsSilent(2));
        _silence.Answered(s_leader);
        _silence.Asked(s_leader);
        Assert.False(_silence.IsSilent(2));
        _silence.Ended(s_leader);
        _time.Advance(TimeSpan.FromSeconds(11.1));
        Assert.False(_silence.IsSilent(2));
    }

    private bool[] Seen(params double[] at)
    {
        _silence.Asked(s_leader);
        var seen = new List<bool>();
        TimeSpan start = _time.Elapsed;
        foreach (double seconds in at)
        {
            _time.Advance(start + TimeSpan.FromSeconds(seconds) - _time.Elapsed);
            seen.Add(_silence.IsSilent(2));
        }

        return [.. seen];
    }
}
