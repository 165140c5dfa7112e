using Tidemark.Coordination.Classic;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Classic;

public class SessionTests
{
    private readonly ShardUnderTest _shard = new();

    [Fact]
    public void Who_stops_heartbeating_is_taken_out_and_the_others_are_called_in()
    {
        string[] members = _shard.Together(2);
        _shard.Pass(6_000);
        _shard.Heartbeat(members[0], 1);
        _shard.Pass(4_000);

        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(members[1], 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(members[0], 1));
        Assert.Contains("did not heartbeat for 10000 ms", _shard.Group().LastRebalance!.Value.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_member_to_be_lost_leaves_an_empty_group_in_the_log()
    {
        _shard.Alone();
        _shard.Pass(10_000);

        Assert.Equal(("Empty", "consumer"), (_shard.Describe().GroupState, _shard.Describe().ProtocolType));
        Assert.Equal((2, 0, null, null, "consumer"), (_shard.Stored()!.Generation, _shard.Stored()!.Members.Count, _shard.Stored()!.Leader, _shard.Stored()!.Protocol, _shard.Stored()!.ProtocolType));
        Assert.Equal(_shard.Group().SinceMs, _shard.Stored()!.CurrentStateTimestamp);
    }

    [Fact]
    public void A_heartbeat_has_to_fit_the_group()
    {
        string member = _shard.Alone();

        Assert.Equal(ErrorCode.None, _shard.Heartbeat(member, 1));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Heartbeat(member, 2));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Heartbeat(member, -1));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat("nobody", 1));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat("", 1));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(member, 1, group: "other"));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(member, 1, instance: "i"));
    }

    [Fact]
    public void A_member_that_waits_for_a_rebalance_needs_no_heartbeat()
    {
        string[] members = _shard.Together(2);
        long first = _shard.Join(members[0]);
        for (int i = 0; i < 5; i++)
        {
            _shard.Heartbeat(members[1], 1);
            _shard.Pass(9_000);
        }

        _shard.Join(members[1]);
        Assert.Equal(2, _shard.Answer<JoinGroupResponse>(first).GenerationId);
        Assert.Equal(ErrorCode.None, _shard.Heartbeat(members[0], 2));
    }

    [Fact]
    public void Committing_offsets_shows_that_a_member_lives()
    {
        string member = _shard.Alone();
        _shard.Pass(9_000);
        _shard.Group().OnCommit(member, _shard.Now);
        _shard.Pass(9_000);

        Assert.Equal(ErrorCode.None, _shard.Heartbeat(member, 1));
    }

    [Fact]
    public void Who_leaves_is_gone_at_once_and_who_led_is_followed_by_another()
    {
        string[] members = _shard.Together(3);
        LeaveGroupResponse left = _shard.Leave((members[0], null), ("nobody", null));
        long second = _shard.Join(members[1]);
        long third = _shard.Join(members[2]);

        Assert.Equal([(members[0], ErrorCode.None), ("nobody", ErrorCode.UnknownMemberId)], left.Members.Select(m => (m.MemberId, m.ErrorCode)));
        Assert.Equal((2, members[1]), (Joined(second).GenerationId, Joined(third).Leader));
    }

    [Fact]
    public void Who_leaves_while_it_waits_is_told_that_it_is_no_member()
    {
        string[] members = _shard.Together(2);
        long join = _shard.Join(members[0]);
        _shard.Leave((members[0], null));

        Assert.Equal((ErrorCode.UnknownMemberId, ""), (Joined(join).ErrorCode, Joined(join).MemberId));
    }

    [Fact]
    public void Who_leaves_before_its_assignment_came_is_answered_too()
    {
        string[] members = _shard.Together(2);
        _shard.Join(members[0]);
        _shard.Join(members[1]);
        long sync = _shard.Sync(members[1], 2);
        _shard.Leave((members[1], null));

        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Answer<SyncGroupResponse>(sync).ErrorCode);
    }

    [Fact]
    public void An_id_that_was_given_out_can_be_given_back()
    {
        string given = Joined(_shard.Join()).MemberId;

        Assert.Equal(ErrorCode.None, _shard.Leave((given, null)).Members[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, Joined(_shard.Join(given)).ErrorCode);
    }

    [Fact]
    public void Leaving_a_group_that_does_not_exist_is_told_of_each_member()
    {
        LeaveGroupResponse left = _shard.Leave(("a", null), ("b", null));

        Assert.Equal(ErrorCode.None, left.ErrorCode);
        Assert.All(left.Members, m => Assert.Equal(ErrorCode.UnknownMemberId, m.ErrorCode));
    }

    private JoinGroupResponse Joined(long ticket) => _shard.Answer<JoinGroupResponse>(ticket);
}
