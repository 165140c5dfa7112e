using Tidemark.Coordination.Classic;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Classic;

public class SyncingTests
{
    private readonly ShardUnderTest _shard = new();

    [Fact]
    public void Followers_wait_for_the_leader_and_all_get_theirs_when_it_is_committed()
    {
        (string leader, string follower) = Two();
        _shard.CommitsAtOnce = false;
        long waits = _shard.Sync(follower, 1);
        long brings = _shard.Sync(leader, 1, assignment: [(leader, "mine"), (follower, "yours")]);

        Assert.False(_shard.IsAnswered(waits) || _shard.IsAnswered(brings));
        Assert.Equal(ClassicState.CompletingRebalance, _shard.Group().Phase);
        _shard.Commit();
        Assert.Equal(("yours", "consumer", "range"), (ShardUnderTest.Text(Synced(waits).Assignment), Synced(waits).ProtocolType, Synced(waits).ProtocolName));
        Assert.Equal("mine", ShardUnderTest.Text(Synced(brings).Assignment));
        Assert.Equal(ClassicState.Stable, _shard.Group().Phase);
    }

    [Fact]
    public void The_record_of_a_generation_holds_its_members_and_their_assignments()
    {
        string[] members = _shard.Together(2);
        GroupMetadataValue stored = _shard.Stored()!;

        Assert.Equal(("consumer", 1, "range", members[0]), (stored.ProtocolType, stored.Generation, stored.Protocol, stored.Leader));
        GroupMetadataValue.MemberMetadata second = stored.Members.Single(m => m.MemberId == members[1]);
        Assert.Equal(("c1", "/host", 60_000, 10_000), (second.ClientId, second.ClientHost, second.RebalanceTimeout, second.SessionTimeout));
        Assert.Equal(("m", "a1"), (ShardUnderTest.Text(second.Subscription), ShardUnderTest.Text(second.Assignment)));
        Assert.Equal(3, _shard.Log[^1].ValueVersion);
    }

    [Fact]
    public void Who_was_assigned_nothing_gets_an_empty_assignment()
    {
        (string leader, string follower) = Two();
        long waits = _shard.Sync(follower, 1);
        _shard.Sync(leader, 1, assignment: [(leader, "all"), ("nobody", "x")]);

        Assert.Equal((ErrorCode.None, 0), (Synced(waits).ErrorCode, Synced(waits).Assignment.Length));
        Assert.Equal(2, _shard.Stored()!.Members.Count);
    }

    [Fact]
    public void Who_comes_later_gets_the_same_assignment_again()
    {
        string member = _shard.Alone();

        Assert.Equal("a1", ShardUnderTest.Text(Synced(_shard.Sync(member, 1, assignment: (member, "other"))).Assignment));
    }

    [Fact]
    public void A_sync_has_to_fit_the_group()
    {
        string member = _shard.Alone();

        Assert.Equal(ErrorCode.UnknownMemberId, Synced(_shard.Sync("nobody", 1)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, Synced(_shard.Sync(member, 1, group: "other")).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, Synced(_shard.Sync(member, 1, instance: "i")).ErrorCode);
        Assert.Equal(ErrorCode.IllegalGeneration, Synced(_shard.Sync(member, 2)).ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Synced(_shard.Sync(member, 1, type: "connect")).ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Synced(_shard.Sync(member, 1, name: "sticky")).ErrorCode);
        Assert.Equal(ErrorCode.None, Synced(_shard.Sync(member, 1, type: null, name: null)).ErrorCode);
    }

    [Fact]
    public void A_leader_that_brings_nothing_within_the_rebalance_timeout_is_taken_out()
    {
        (string leader, string follower) = Two();
        long waits = _shard.Sync(follower, 1);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(ErrorCode.None, _shard.Heartbeat(leader, 1));
            _shard.Pass(6_000);
        }

        Assert.Equal(ErrorCode.RebalanceInProgress, Synced(waits).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(leader, 1));
        long again = _shard.Join(follower);
        Assert.Equal((2, follower), (_shard.Answer<JoinGroupResponse>(again).GenerationId, _shard.Answer<JoinGroupResponse>(again).Leader));
    }

    [Fact]
    public void A_follower_that_never_asks_for_its_assignment_is_taken_out_though_it_heartbeats()
    {
        (string leader, string follower) = Two();
        _shard.Sync(leader, 1, assignment: (leader, "all"));
        for (int i = 0; i < 10; i++)
        {
            _shard.Heartbeat(leader, 1);
            _shard.Heartbeat(follower, 1);
            _shard.Pass(6_000);
        }

        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(leader, 1));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(follower, 1));
    }

    [Fact]
    public void A_session_does_not_end_while_its_member_waits_for_the_leader()
    {
        (string leader, string follower) = Two();
        long waits = _shard.Sync(follower, 1);
        for (int i = 0; i < 5; i++)
        {
            _shard.Heartbeat(leader, 1);
            _shard.Pass(9_000);
        }

        _shard.Sync(leader, 1, assignment: (follower, "all"));
        Assert.Equal(ErrorCode.None, Synced(waits).ErrorCode);
        Assert.Equal(ErrorCode.None, _shard.Heartbeat(follower, 1));
        _shard.Pass(10_000);
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Heartbeat(follower, 1));
    }

    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    public void An_assignment_that_could_not_be_written_sends_everybody_back(ErrorCode error, ErrorCode told)
    {
        (string leader, string follower) = Two();
        _shard.CommitsAtOnce = false;
        long waits = _shard.Sync(follower, 1);
        _shard.Commit();
        long brings = _shard.Sync(leader, 1, assignment: (leader, "all"));
        _shard.Fail(error);

        Assert.Equal((told, told), (Synced(waits).ErrorCode, Synced(brings).ErrorCode));
        Assert.Equal(ClassicState.PreparingRebalance, _shard.Group().Phase);
        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Heartbeat(follower, 1));
    }

    [Fact]
    public void A_group_whose_creation_could_not_be_written_is_none_and_who_waits_in_it_is_told()
    {
        _shard.CommitsAtOnce = false;
        long join = _shard.Join(version: 3);
        _shard.Fail(ErrorCode.NotEnoughReplicas);

        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _shard.Answer<JoinGroupResponse>(join).ErrorCode);
        Assert.Null(_shard.Group());
        _shard.CommitsAtOnce = true;
        _shard.Alone();
        Assert.Equal("Stable", _shard.Describe().GroupState);
    }

    [Fact]
    public void Who_joins_a_group_that_is_undone_before_it_is_written_is_told_whoever_made_it()
    {
        _shard.CommitsAtOnce = false;
        _shard.Ask(_ => _shard.Shard.Classic.TakeOver("g", 5, [new("m", null, new("c", "/host"), [new("range", default)], new(10_000, 60_000))], null, _shard.Now));
        long join = _shard.Join(version: 3);
        Assert.False(_shard.IsAnswered(join));
        _shard.Fail(ErrorCode.NotEnoughReplicas);

        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _shard.Answer<JoinGroupResponse>(join).ErrorCode);
        Assert.Null(_shard.Group());
    }

    [Fact]
    public void A_group_that_is_made_again_before_the_failure_of_the_first_is_known_goes_on()
    {
        _shard.CommitsAtOnce = false;
        _shard.Join(version: 3);
        long again = 0;
        _shard.Fail(ErrorCode.NotEnoughReplicas, () =>
        {
            _shard.CommitsAtOnce = true;
            again = _shard.Join(version: 3);
        });
        _shard.Pass(6_000);

        Assert.Equal((ErrorCode.None, 1), (_shard.Answer<JoinGroupResponse>(again).ErrorCode, _shard.Answer<JoinGroupResponse>(again).GenerationId));
    }

    private (string Leader, string Follower) Two()
    {
        long leader = _shard.Join(version: 3);
        long follower = _shard.Join(version: 3);
        _shard.Pass(6_000);
        return (_shard.Answer<JoinGroupResponse>(leader).MemberId, _shard.Answer<JoinGroupResponse>(follower).MemberId);
    }

    private SyncGroupResponse Synced(long ticket) => _shard.Answer<SyncGroupResponse>(ticket);
}
