using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Tests.Consumer;

/// <summary>How often members are told to heartbeat: more often than configured while the node has few of them.</summary>
public class HeartbeatIntervalTests
{
    private readonly ConsumerWorld _world = new(("a", 4));

    [Fact]
    public void Members_of_a_group_are_told_a_shorter_interval_from_the_fifth_member_on()
    {
        Assert.Equal([5000, 5000, 5000, 5000, 2000, 2000], Joined(6).Select(response => response.HeartbeatIntervalMs));
        Assert.Equal(2000, Interval("m1"));

        _world.Send("m6", -1);
        Assert.Equal(2000, Interval("m1"));
        _world.Send("m5", -1);
        Assert.Equal(5000, Interval("m1"));
    }

    [Theory]
    [InlineData(0, 2000)]
    [InlineData(100, 2000)]
    [InlineData(101, 2020)]
    [InlineData(249, 4980)]
    [InlineData(250, 5000)]
    [InlineData(int.MaxValue, 5000)]
    public void All_members_of_the_node_together_send_about_fifty_a_second_more_at_most(int membersOfNode, int interval)
    {
        Joined(5);
        _world.MembersOfNode = membersOfNode;
        Assert.Equal(interval, Interval("m1"));
    }

    [Fact]
    public void Members_that_the_node_has_not_counted_yet_count()
    {
        Assert.Equal(2400, Joined(120)[^1].HeartbeatIntervalMs);
    }

    [Fact]
    public void A_groups_own_interval_is_told_as_it_is()
    {
        Joined(5);
        _world.Config["g"] = new() { ["consumer.heartbeat.interval.ms"] = "6000" };
        Assert.Equal(6000, Interval("m1"));
        _world.Config["g"] = new() { ["consumer.heartbeat.interval.ms"] = "5000" };
        Assert.Equal(5000, Interval("m1"));
        _world.Config["g"] = new() { ["consumer.session.timeout.ms"] = "50000" };
        Assert.Equal(2000, Interval("m1"));
    }

    [Fact]
    public void A_broker_that_is_told_so_answers_what_is_configured()
    {
        Joined(5);
        _world.Settings = _world.Settings with { ConsumerHeartbeatsArePrompt = false };
        _world.Look();
        Assert.Equal(5000, Interval("m1"));
    }

    [Fact]
    public void No_member_is_told_a_longer_interval_than_is_configured()
    {
        _world.Settings = _world.Settings with { ConsumerHeartbeatIntervalMs = 300 };
        _world.Look();
        Assert.All(Joined(5), response => Assert.Equal(300, response.HeartbeatIntervalMs));
    }

    [Fact]
    public void Those_who_heartbeat_are_counted_in_all_groups_and_by_the_next_coordinator()
    {
        Joined(5);
        _world.Send("x1", 0, names: ["a"], group: "h");
        _world.Send("x2", 0, names: ["a"], group: "h");
        Assert.Equal(7, _world.Shard.Heartbeating);

        _world.Send("m1", -1);
        _world.FailOver();
        Assert.Equal(6, _world.Shard.Heartbeating);

        // Nobody of them heartbeats again.
        _world.Pass(46_000);
        Assert.Equal(0, _world.Shard.Heartbeating);
    }

    [Fact]
    public void Members_of_the_classic_protocol_have_their_own_interval_and_are_not_counted()
    {
        _world.Join("m1", "a");
        _world.JoinClassic("", ["a"]);
        Assert.Equal(2, _world.Group.Members.Count);
        Assert.Equal(1, _world.Shard.Heartbeating);
    }

    [Fact]
    public void Who_could_not_be_written_is_not_counted()
    {
        Joined(5);
        int records = _world.Log.Count;
        _world.CommitsAtOnce = false;
        _world.Input(t => _world.Shard.Consumer.Heartbeat(
            t,
            new ConsumerGroupHeartbeatRequest { GroupId = "g", MemberId = "m6", RebalanceTimeoutMs = 1, SubscribedTopicNames = ["a"], TopicPartitions = [] },
            1,
            new("app", "/1.2.3.4"),
            default,
            0,
            _world.Now));
        Assert.Equal(6, _world.Shard.Heartbeating);
        _world.Fail(_world.Log.Count - records);
        Assert.Equal(5, _world.Shard.Heartbeating);
    }

    [Fact]
    public void A_group_that_is_deleted_counts_no_more()
    {
        Joined(5);
        _world.Input(_ => _world.Shard.Delete("g"));
        Assert.Equal(0, _world.Shard.Heartbeating);
    }

    private ConsumerGroupHeartbeatResponse[] Joined(int members) => [.. Enumerable.Range(1, members).Select(i => _world.Join($"m{i}", "a"))];

    /// <summary>What the member is told with its next heartbeat.</summary>
    private int Interval(string member)
    {
        ConsumerGroupHeartbeatResponse response = _world.Send(member, _world.Group.Member(member)!.Epoch);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        return response.HeartbeatIntervalMs;
    }
}
