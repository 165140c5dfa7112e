using Tidemark.Coordination.Classic;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Classic;

public class RebalancingTests
{
    private readonly ShardUnderTest _shard = new();

    [Fact]
    public void A_member_that_comes_calls_all_others_in()
    {
        string[] members = _shard.Together(2);
        long third = _shard.Join(version: 3, reason: "a new pod");

        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(members[0], 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, Synced(_shard.Sync(members[1], 1)).ErrorCode);
        long second = _shard.Join(members[1]);
        Assert.False(_shard.IsAnswered(third));
        long first = _shard.Join(members[0]);
        Assert.Equal((2, 3, members[0]), (Joined(first).GenerationId, Joined(first).Members.Count, Joined(second).Leader));
        Assert.Equal(2, Joined(third).GenerationId);
        Assert.Contains("its reason: a new pod", _shard.Group().LastRebalance!.Value.Reason, StringComparison.Ordinal);
        Assert.Contains(_shard.Notes, n => n.Contains("a new pod", StringComparison.Ordinal));
    }

    [Fact]
    public void Who_does_not_join_within_the_longest_rebalance_timeout_is_left_out_and_leads_no_more()
    {
        string[] members = _shard.Together(2);
        long third = _shard.Join(version: 3, rebalanceMs: 90_000);
        for (int i = 0; i < 8; i++)
        {
            // The leader lives but does not come.
            _shard.Heartbeat(members[0], 1);
            _shard.Heartbeat(members[1], 1);
            _shard.Pass(9_000);
        }

        long second = _shard.Join(members[1]);
        _shard.Heartbeat(members[0], 1);
        _shard.Pass(9_000);
        Assert.False(_shard.IsAnswered(third));
        _shard.Heartbeat(members[0], 1);
        _shard.Pass(9_000);

        Assert.Equal(2, Joined(second).GenerationId);
        Assert.Equal(members[1], Joined(third).Leader);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(members[0], 2));
    }

    [Fact]
    public void An_id_that_was_given_out_is_waited_for()
    {
        string member = _shard.Alone();
        string given = Joined(_shard.Join()).MemberId;
        long again = _shard.Join(member);
        Assert.False(_shard.IsAnswered(again));
        long join = _shard.Join(given);

        Assert.Equal(2, Joined(again).GenerationId);
        Assert.Equal(2, Joined(join).GenerationId);
    }

    [Fact]
    public void An_id_that_was_given_out_holds_a_rebalance_up_for_a_session_only()
    {
        string member = _shard.Alone();
        _shard.Join(sessionMs: 8_000);
        long again = _shard.Join(member);
        _shard.Pass(8_000);

        Assert.Single(Joined(again).Members);
    }

    [Fact]
    public void A_leader_that_joins_again_makes_a_rebalance_and_a_follower_that_says_the_same_does_not()
    {
        string[] members = _shard.Together(2);
        JoinGroupResponse follower = Joined(_shard.Join(members[1]));
        Assert.Equal((ErrorCode.None, 1, 0), (follower.ErrorCode, follower.GenerationId, follower.Members.Count));
        Assert.Equal("a1", ShardUnderTest.Text(Synced(_shard.Sync(members[1], 1)).Assignment));

        long leader = _shard.Join(members[0]);
        Assert.False(_shard.IsAnswered(leader));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(members[1], 1));
    }

    [Fact]
    public void A_follower_that_says_something_else_makes_a_rebalance()
    {
        string[] members = _shard.Together(2);
        _shard.Join(members[1], protocols: ("range", "other"));

        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(members[0], 1));
    }

    [Fact]
    public void Who_lost_the_answer_gets_it_again_and_the_leader_with_the_members()
    {
        long join = _shard.Join(version: 3);
        long other = _shard.Join(version: 3);
        _shard.Pass(6_000);
        JoinGroupResponse leader = Joined(_shard.Join(Joined(join).MemberId));
        JoinGroupResponse follower = Joined(_shard.Join(Joined(other).MemberId));

        Assert.Equal((1, 2), (leader.GenerationId, leader.Members.Count));
        Assert.Equal((1, 0), (follower.GenerationId, follower.Members.Count));
        Assert.Equal(ClassicState.CompletingRebalance, _shard.Group().Phase);
    }

    [Fact]
    public void A_member_that_changes_before_the_assignment_sends_everybody_back()
    {
        long join = _shard.Join(version: 3);
        long other = _shard.Join(version: 3);
        _shard.Pass(6_000);
        long sync = _shard.Sync(Joined(other).MemberId, 1);
        _shard.Join(Joined(join).MemberId, protocols: ("range", "other"));

        Assert.Equal(ErrorCode.RebalanceInProgress, Synced(sync).ErrorCode);
        Assert.Equal(ClassicState.PreparingRebalance, _shard.Group().Phase);
    }

    [Fact]
    public void Who_asks_to_join_twice_is_answered_twice()
    {
        long first = _shard.Join(version: 3);
        string member = Assert.Single(_shard.Group().Members).Id;
        long again = _shard.Join(member);
        _shard.Pass(6_000);

        Assert.Equal(ErrorCode.RebalanceInProgress, Joined(first).ErrorCode);
        Assert.Equal(ErrorCode.None, Joined(again).ErrorCode);
    }

    [Fact]
    public void A_new_member_that_waits_longer_than_five_minutes_is_given_up()
    {
        string member = _shard.Alone(sessionMs: 1_000_000);
        long join = _shard.Join(version: 3, rebalanceMs: 900_000);
        _shard.Pass(299_999);
        Assert.False(_shard.IsAnswered(join));
        _shard.Pass(1);

        Assert.Equal((ErrorCode.UnknownMemberId, ""), (Joined(join).ErrorCode, Joined(join).MemberId));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(member, 1));
    }

    private JoinGroupResponse Joined(long ticket) => _shard.Answer<JoinGroupResponse>(ticket);

    private SyncGroupResponse Synced(long ticket) => _shard.Answer<SyncGroupResponse>(ticket);
}
