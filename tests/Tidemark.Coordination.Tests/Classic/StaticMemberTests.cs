using Tidemark.Coordination.Classic;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Classic;

public class StaticMemberTests
{
    private readonly ShardUnderTest _shard = new();

    [Fact]
    public void A_static_member_is_let_in_without_asking_twice()
    {
        long join = _shard.Join(instance: "i");
        _shard.Pass(3_000);

        Assert.Equal(ErrorCode.None, Joined(join).ErrorCode);
        Assert.StartsWith("i-", Joined(join).MemberId, StringComparison.Ordinal);
        Assert.Equal("i", Assert.Single(Joined(join).Members).GroupInstanceId);
    }

    [Fact]
    public void Who_comes_back_under_its_instance_has_its_assignment_again_without_a_rebalance()
    {
        string[] members = _shard.Together(2, null, "i");
        JoinGroupResponse back = Joined(_shard.Join(instance: "i"));

        Assert.Equal((ErrorCode.None, 1, members[0], false), (back.ErrorCode, back.GenerationId, back.Leader, back.SkipAssignment));
        Assert.NotEqual(members[1], back.MemberId);
        Assert.Equal("a1", ShardUnderTest.Text(Synced(_shard.Sync(back.MemberId, 1, instance: "i")).Assignment));
        Assert.Equal(ErrorCode.None, _shard.Heartbeat(members[0], 1));
        Assert.Equal(back.MemberId, _shard.Stored()!.Members.Single(m => m.GroupInstanceId == "i").MemberId);
    }

    [Fact]
    public void The_member_that_was_replaced_is_fenced()
    {
        string[] members = _shard.Together(2, null, "i");
        _shard.Join(instance: "i");

        Assert.Equal(ErrorCode.FencedInstanceId, _shard.Heartbeat(members[1], 1, instance: "i"));
        Assert.Equal(ErrorCode.FencedInstanceId, Synced(_shard.Sync(members[1], 1, instance: "i")).ErrorCode);
        Assert.Equal(ErrorCode.FencedInstanceId, Joined(_shard.Join(members[1], instance: "i")).ErrorCode);
        Assert.Equal(ErrorCode.FencedInstanceId, _shard.Leave((members[1], "i")).Members[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(members[1], 1));
    }

    [Fact]
    public void A_leader_that_comes_back_is_told_that_it_need_not_assign_from_version_9_on()
    {
        string leader = _shard.Alone(instance: "i");
        JoinGroupResponse back = Joined(_shard.Join(instance: "i", version: 9));

        Assert.Equal((true, back.MemberId, 1), (back.SkipAssignment, back.Leader, back.Members.Count));
        Assert.NotEqual(leader, back.MemberId);
    }

    [Fact]
    public void An_old_client_that_comes_back_as_the_leader_is_not_told_so()
    {
        string leader = _shard.Alone(instance: "i");
        JoinGroupResponse back = Joined(_shard.Join(instance: "i", version: 5));

        Assert.Equal((false, leader, 0), (back.SkipAssignment, back.Leader, back.Members.Count));
        Assert.Equal(back.MemberId, _shard.Group().Leader);
    }

    [Fact]
    public void Who_comes_back_with_something_that_changes_the_protocol_makes_a_rebalance()
    {
        long first = _shard.Join(version: 3, protocols: [("range", "m"), ("sticky", "m")]);
        long second = _shard.Join(instance: "i", protocols: [("range", "m"), ("sticky", "m")]);
        _shard.Pass(6_000);
        string leader = Joined(first).MemberId;
        _shard.Sync(Joined(second).MemberId, 1, instance: "i");
        _shard.Sync(leader, 1, assignment: (leader, "all"));
        Assert.Equal("range", Joined(first).ProtocolName);

        long back = _shard.Join(instance: "i", protocols: ("sticky", "m"));
        Assert.False(_shard.IsAnswered(back));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(leader, 1));
    }

    [Fact]
    public void Who_comes_back_while_the_leader_assigns_makes_a_rebalance()
    {
        long first = _shard.Join(version: 3);
        long second = _shard.Join(instance: "i");
        _shard.Pass(6_000);
        long waits = _shard.Sync(Joined(second).MemberId, 1, instance: "i");
        _shard.Join(instance: "i");

        Assert.Equal(ErrorCode.FencedInstanceId, Synced(waits).ErrorCode);
        Assert.Equal(ErrorCode.RebalanceInProgress, Synced(_shard.Sync(Joined(first).MemberId, 1)).ErrorCode);
    }

    [Fact]
    public void Who_waits_in_a_rebalance_and_is_replaced_is_fenced_at_once()
    {
        string member = _shard.Alone(sessionMs: 100_000);
        long first = _shard.Join(instance: "i");
        long second = _shard.Join(instance: "i");
        _shard.Join(member);

        Assert.Equal(ErrorCode.FencedInstanceId, Joined(first).ErrorCode);
        Assert.Equal((ErrorCode.None, 2), (Joined(second).ErrorCode, Joined(second).GenerationId));
        Assert.Equal(2, _shard.Group().Members.Count);
    }

    [Fact]
    public void A_static_member_that_misses_a_rebalance_stays_until_its_session_ends()
    {
        string[] members = _shard.Together(2, null, "i");
        _shard.Heartbeat(members[1], 1);
        _shard.Pass(5_000);
        _shard.Heartbeat(members[0], 1);
        long join = _shard.Join(members[0], rebalanceMs: 4_000);
        _shard.Pass(4_000);
        Assert.False(_shard.IsAnswered(join));
        _shard.Pass(1_000);

        Assert.Single(Joined(join).Members);
        Assert.Equal(2, Joined(join).GenerationId);
    }

    [Fact]
    public void A_static_member_is_part_of_a_generation_that_it_missed()
    {
        string[] members = _shard.Together(2, null, "i");
        long join = _shard.Join(members[0], rebalanceMs: 30_000);
        for (int i = 0; i < 12; i++)
        {
            _shard.Heartbeat(members[1], 1, instance: "i");
            _shard.Pass(5_000);
        }

        Assert.Equal((2, 2), (Joined(join).GenerationId, Joined(join).Members.Count));
        Assert.Equal(ErrorCode.IllegalGeneration, _shard.Heartbeat(members[1], 1, instance: "i"));
    }

    [Fact]
    public void A_replacement_that_could_not_be_written_gives_the_place_back()
    {
        string member = _shard.Alone(instance: "i");
        _shard.CommitsAtOnce = false;
        long join = _shard.Join(instance: "i");
        Assert.False(_shard.IsAnswered(join));
        _shard.Fail(ErrorCode.NotEnoughReplicas);

        Assert.Equal((ErrorCode.CoordinatorNotAvailable, ""), (Joined(join).ErrorCode, Joined(join).MemberId));
        Assert.Equal(ErrorCode.None, _shard.Heartbeat(member, 1, instance: "i"));
        Assert.Equal(("a1", ClassicState.Stable, member), (ShardUnderTest.Text(_shard.Group().FindStatic("i")!.Assignment), _shard.Group().Phase, _shard.Group().Leader));
    }

    [Fact]
    public void A_request_without_the_instance_in_a_static_members_name_leaves_the_instance_to_it()
    {
        string member = _shard.Alone(instance: "i");
        _shard.Join(member, instance: null);
        _shard.Sync(member, 2, assignment: (member, "a2"));
        JoinGroupResponse back = Joined(_shard.Join(instance: "i"));

        Assert.Equal((ErrorCode.None, 2), (back.ErrorCode, back.GenerationId));
        Assert.Equal("a2", ShardUnderTest.Text(Synced(_shard.Sync(back.MemberId, 2, instance: "i")).Assignment));
    }

    [Fact]
    public void A_tool_takes_a_static_member_out_by_its_instance_alone()
    {
        string[] members = _shard.Together(2, null, "i");
        LeaveGroupResponse left = _shard.Leave(("", "i"), ("", "unknown"), ("", null));

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId], left.Members.Select(m => m.ErrorCode));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(members[1], 1, instance: "i"));
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(members[0], 1));
    }

    private JoinGroupResponse Joined(long ticket) => _shard.Answer<JoinGroupResponse>(ticket);

    private SyncGroupResponse Synced(long ticket) => _shard.Answer<SyncGroupResponse>(ticket);
}
