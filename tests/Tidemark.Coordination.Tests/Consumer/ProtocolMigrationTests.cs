using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using static Tidemark.Coordination.Tests.Consumer.ConsumerWorld;

namespace Tidemark.Coordination.Tests.Consumer;

public class ProtocolMigrationTests
{
    private readonly ConsumerWorld _world = new(("a", 4));

    /// <summary>A classic group in generation 1 whose one member has all of the topic.</summary>
    private string Classic()
    {
        string member = _world.JoinClassic("", ["a"]).MemberId;
        _world.SyncClassic(member, 1, [(member, "a", [0, 1, 2, 3])]);
        return member;
    }

    [Fact]
    public void The_first_member_of_the_consumer_protocol_takes_a_classic_group_up()
    {
        string old = Classic();
        ConsumerGroupHeartbeatResponse joined = _world.Join("n", "a");
        Assert.Equal((2, ""), (joined.MemberEpoch, _world.Told(joined)));
        Assert.Equal("a:0,1,2,3", _world.Has(old));
        Assert.Equal((1, "old"), (_world.Group.Member(old)!.Epoch, _world.Group.Member(old)!.ClientId));
        Assert.Null(_world.Shard.Classic.FindClassic("g"));

        // The old member is sent to join, gives up half, and goes on with the rest.
        Assert.Equal(ErrorCode.RebalanceInProgress, _world.BeatClassic(old, 1));
        JoinGroupResponse again = _world.JoinClassic(old, ["a"], owned: [("a", [0, 1, 2, 3])]);
        Assert.Equal((ErrorCode.None, 1, "range"), (again.ErrorCode, again.GenerationId, again.ProtocolName));
        Assert.Equal("a:0,1", _world.SyncClassic(old, 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _world.BeatClassic(old, 1));
        again = _world.JoinClassic(old, ["a"], owned: [("a", [0, 1])]);
        Assert.Equal(2, again.GenerationId);
        Assert.Equal("a:0,1", _world.SyncClassic(old, 2));
        Assert.Equal(ErrorCode.None, _world.BeatClassic(old, 2));
        Assert.Equal("a:2,3", _world.Told(_world.Send("n", 2)));
        Assert.Equal("Stable", _world.Group.State);
    }

    [Fact]
    public void The_last_member_of_the_consumer_protocol_takes_the_group_down_when_it_goes()
    {
        string old = Classic();
        _world.Join("n", "a");
        _world.Send("n", -1);
        Assert.Null(_world.Shard.Consumer.FindConsumer("g"));
        ClassicGroup group = _world.Shard.Classic.FindClassic("g")!;
        Assert.Equal((2, old, "PreparingRebalance"), (group.Generation, group.Leader, group.State));
        Assert.Equal(ErrorCode.RebalanceInProgress, _world.BeatClassic(old, 2));
        Assert.Equal(3, _world.JoinClassic(old, ["a"]).GenerationId);
    }

    [Fact]
    public void A_group_goes_down_when_its_last_member_of_the_consumer_protocol_is_not_heard_of()
    {
        string old = Classic();
        _world.Join("n", "a");
        for (int i = 0; i < 5; i++)
        {
            _world.Pass(9_000);
            JoinGroupResponse again = _world.JoinClassic(old, ["a"], owned: [("a", [0, 1])]);
            _world.SyncClassic(old, again.GenerationId);
        }

        Assert.NotNull(_world.Shard.Classic.FindClassic("g"));
    }

    [Fact]
    public void The_policy_can_forbid_either_way()
    {
        _world.Settings = _world.Settings with { MayUpgrade = false };
        _world.Look();
        Classic();
        Assert.Equal(ErrorCode.GroupIdNotFound, _world.Join("n", "a").ErrorCode);

        _world.Settings = _world.Settings with { MayUpgrade = true, MayDowngrade = false };
        _world.Look();
        _world.Join("n", "a");
        _world.Send("n", -1);
        Assert.Single(_world.Group.Members);
    }

    [Fact]
    public void A_group_that_is_not_of_consumers_stays_as_it_is()
    {
        string member = _world.Ask<JoinGroupResponse>(t =>
        {
            _world.Shard.Classic.Join(new JoinInput(t, new JoinGroupRequest { GroupId = "g", SessionTimeoutMs = 30_000, ProtocolType = "connect", Protocols = [new() { Name = "x" }] }, 0, new GroupClient("", ""), default), _world.Now);
            _world.Shard.Tick(_world.Now);
        }).MemberId;
        Assert.NotEmpty(member);
        Assert.Equal(ErrorCode.GroupIdNotFound, _world.Join("n", "a").ErrorCode);
    }

    [Fact]
    public void An_empty_classic_group_makes_room()
    {
        string old = Classic();
        _world.LeaveClassic(old);
        Assert.Equal(2, _world.Join("n", "a").MemberEpoch);
    }

    [Fact]
    public void Members_of_the_classic_protocol_join_a_consumer_group()
    {
        _world.Join("n", "a");
        JoinGroupResponse joined = _world.JoinClassic("", ["a"]);
        Assert.Equal((ErrorCode.None, 3, "", "consumer"), (joined.ErrorCode, joined.GenerationId, joined.Leader, joined.ProtocolType));
        Assert.Equal("", _world.SyncClassic(joined.MemberId, 3));
        Assert.Equal(ErrorCode.None, _world.BeatClassic(joined.MemberId, 3));
        Assert.Equal(ErrorCode.IllegalGeneration, _world.BeatClassic(joined.MemberId, 2));
        Assert.Equal(ErrorCode.UnknownMemberId, _world.BeatClassic("n", 2));
        Assert.Equal("UnknownMemberId", _world.SyncClassic("n", 2));
        _world.Send("n", 2);
        _world.Send("n", 2, owned: [Owns("a", 0, 1)]);
        Assert.Equal(ErrorCode.RebalanceInProgress, _world.BeatClassic(joined.MemberId, 3));
        _world.JoinClassic(joined.MemberId, ["a"]);
        Assert.Equal("a:2,3", _world.SyncClassic(joined.MemberId, 3));
        Assert.Equal((sbyte)0, _world.Describe().Members.Single(m => m.MemberId == joined.MemberId).MemberType);
    }

    [Fact]
    public void Members_of_other_kinds_of_groups_do_not_join()
    {
        _world.Join("n", "a");
        JoinGroupResponse joined = _world.Ask<JoinGroupResponse>(t => _world.Shard.Classic.Join(
            new JoinInput(t, new JoinGroupRequest { GroupId = "g", SessionTimeoutMs = 30_000, ProtocolType = "connect", Protocols = [new() { Name = "x" }] }, 3, new GroupClient("", ""), default),
            _world.Now));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, joined.ErrorCode);
    }

    [Fact]
    public void A_member_that_was_told_to_join_and_does_not_is_out()
    {
        _world.Join("n", "a");
        string old = _world.JoinClassic("", ["a"]).MemberId;
        _world.SyncClassic(old, 3);
        _world.Send("n", 2, names: ["a", "b"]);
        for (int i = 0; i < 7; i++)
        {
            _world.BeatClassic(old, 3);
            _world.Pass(9_000);
            _world.Send("n", _world.Group.Member("n")!.Epoch, owned: [Owns("a", 0, 1)]);
        }

        Assert.Null(_world.Group.Member(old));
    }

    [Fact]
    public void A_member_that_joined_and_does_not_sync_is_out()
    {
        _world.Join("n", "a");
        string old = _world.JoinClassic("", ["a"]).MemberId;
        for (int i = 0; i < 7; i++)
        {
            _world.BeatClassic(old, 3);
            _world.Pass(9_000);
            _world.Send("n", _world.Group.Member("n")!.Epoch);
        }

        Assert.Null(_world.Group.Member(old));
    }

    [Fact]
    public void A_static_member_that_comes_back_with_the_other_protocol_keeps_its_partitions_both_ways()
    {
        JoinGroupResponse joined = _world.JoinClassic("", ["a"], "i");
        _world.SyncClassic(joined.MemberId, 1, [(joined.MemberId, "a", [0, 1, 2, 3])]);
        ConsumerGroupHeartbeatResponse up = _world.Send("n", 0, names: ["a"], instance: "i");
        Assert.Equal((1, "a:0,1,2,3"), (up.MemberEpoch, _world.Told(up)));
        Assert.Equal(["n"], _world.Group.Members.Keys);

        JoinGroupResponse down = _world.JoinClassic("", ["a"], "i");
        Assert.Equal(ErrorCode.None, down.ErrorCode);
        ClassicGroup group = _world.Shard.Classic.FindClassic("g")!;
        Assert.Equal((1, "Stable"), (group.Generation, group.State));
        Assert.Equal("a:0,1,2,3", _world.SyncClassic(down.MemberId, down.GenerationId));
    }

    [Fact]
    public void Who_is_taken_out_by_its_instance_is_told_of_as_it_was_named()
    {
        _world.Join("n", "a");
        _world.JoinClassic("", ["a"], "i");
        LeaveGroupResponse left = _world.Ask<LeaveGroupResponse>(t => _world.Shard.Classic.Leave(t, new LeaveGroupRequest { GroupId = "g", Members = [new() { MemberId = "", GroupInstanceId = "i" }] }, _world.Now));
        Assert.Equal(("", "i", ErrorCode.None), (left.Members[0].MemberId, left.Members[0].GroupInstanceId, left.Members[0].ErrorCode));
        Assert.Equal(["n"], _world.Group.Members.Keys);
    }

    [Fact]
    public void Who_cannot_join_a_consumer_group_has_no_member_id_in_it()
    {
        _world.Join("n", "a");
        JoinGroupResponse unknown = _world.JoinClassic("me", ["a"], "i");
        Assert.Equal((ErrorCode.UnknownMemberId, ""), (unknown.ErrorCode, unknown.MemberId));
        _world.JoinClassic("", ["a"], "i");
        JoinGroupResponse fenced = _world.JoinClassic("me", ["a"], "i");
        Assert.Equal((ErrorCode.FencedInstanceId, ""), (fenced.ErrorCode, fenced.MemberId));
        JoinGroupResponse other = _world.JoinClassic("me", ["a"], protocol: "unheard-of");
        Assert.Equal((ErrorCode.InconsistentGroupProtocol, ""), (other.ErrorCode, other.MemberId));
    }

    [Fact]
    public void A_member_of_a_full_group_that_names_an_unknown_instance_is_told_so()
    {
        _world.Settings = _world.Settings with { ConsumerMembersMax = 2 };
        _world.Look();
        _world.Join("n", "a");
        string old = _world.JoinClassic("", ["a"]).MemberId;
        Assert.Equal(ErrorCode.UnknownMemberId, _world.JoinClassic(old, ["a"], "i").ErrorCode);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, _world.JoinClassic("", ["a"], "i").ErrorCode);
        Assert.Equal(ErrorCode.None, _world.JoinClassic(old, ["a"]).ErrorCode);
    }

    [Fact]
    public void A_static_member_that_comes_back_has_had_its_partitions_since_its_predecessor_got_them()
    {
        _world.Join("n", "b");
        string old = _world.JoinClassic("", ["a"], "i").MemberId;
        int since = _world.Group.Member(old)!.Epoch;
        _world.Join("m", "b");

        _world.Send("new", 0, names: ["a"], instance: "i");

        Assert.All(_world.Group.Member("new")!.Assigned.All, p => Assert.Equal(since, p.Epoch));
        Assert.NotEmpty(_world.Group.Member("new")!.Assigned.All);
    }

    [Fact]
    public void A_static_member_that_comes_back_with_the_classic_protocol_and_other_topics_calls_all_in_without_ending_their_generation()
    {
        _world.Send("n", 0, names: ["a"], instance: "i");
        JoinGroupResponse old = _world.JoinClassic("", ["a"]);
        Assert.Equal(_world.Group.Epoch, old.GenerationId);

        JoinGroupResponse back = _world.JoinClassic("", ["b"], "i");

        Assert.Equal((ErrorCode.None, old.GenerationId), (back.ErrorCode, back.GenerationId));
        Assert.Equal("PreparingRebalance", _world.Shard.Classic.FindClassic("g")!.State);
        Assert.Equal(ErrorCode.RebalanceInProgress, _world.BeatClassic(old.MemberId, old.GenerationId));
        Assert.Equal("RebalanceInProgress", _world.SyncClassic(back.MemberId, back.GenerationId));
    }

    [Fact]
    public void A_classic_member_is_called_in_when_the_group_may_be_assigned_anew_and_not_again_and_again_until_then()
    {
        _world.Settings = _world.Settings with { ConsumerAssignmentIntervalMs = 1_000 };
        _world.Look();
        _world.Join("n", "b");
        JoinGroupResponse joined = _world.JoinClassic("", ["a"]);
        Assert.True(_world.Group.Epoch > _world.Group.AssignmentEpoch);

        Assert.Equal("", _world.SyncClassic(joined.MemberId, joined.GenerationId));
        Assert.Equal(ErrorCode.None, _world.BeatClassic(joined.MemberId, joined.GenerationId));

        _world.Pass(1_000);
        Assert.Equal(ErrorCode.RebalanceInProgress, _world.BeatClassic(joined.MemberId, joined.GenerationId));
        int next = _world.JoinClassic(joined.MemberId, ["a"]).GenerationId;
        Assert.Equal("a:0,1,2,3", _world.SyncClassic(joined.MemberId, next));
    }

    [Fact]
    public void A_tool_may_take_out_members_of_both_protocols_at_once()
    {
        _world.Join("n", "a");
        string old = _world.JoinClassic("", ["a"]).MemberId;
        LeaveGroupResponse left = _world.LeaveClassic(old, "n", "nobody");
        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.UnknownMemberId], left.Members.Select(m => m.ErrorCode));
        Assert.Equal(("Empty", 4), (_world.Group.State, _world.Group.Epoch));
    }
}
