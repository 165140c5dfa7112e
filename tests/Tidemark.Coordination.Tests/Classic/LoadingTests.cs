using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Classic;

public class LoadingTests
{
    [Fact]
    public void A_group_is_what_it_was_and_its_members_have_new_sessions()
    {
        var before = new ShardUnderTest();
        string[] members = before.Together(2, null, "i");
        var shard = new ShardUnderTest(log: before.Log);

        Assert.Equal("Stable", shard.Describe().GroupState);
        Assert.Equal(ErrorCode.None, shard.Heartbeat(members[1], 1, instance: "i"));
        Assert.Equal("a0", ShardUnderTest.Text(shard.Answer<SyncGroupResponse>(shard.Sync(members[0], 1)).Assignment));
        shard.Pass(9_999);
        Assert.Equal(2, shard.Group().Members.Count);
        shard.Pass(1);
        Assert.Equal("Empty", shard.Group().State);
    }

    [Fact]
    public void A_leader_stays_the_leader()
    {
        var before = new ShardUnderTest();
        string[] members = before.Together(3);
        var shard = new ShardUnderTest(log: before.Log);
        long[] joins = [.. members.Reverse().Select(m => shard.Join(m, protocols: ("range", "new")))];

        Assert.All(joins, j => Assert.Equal(members[0], shard.Answer<JoinGroupResponse>(j).Leader));
    }

    [Fact]
    public void A_rebalance_that_was_under_way_is_forgotten_and_the_last_generation_counts()
    {
        var before = new ShardUnderTest();
        string member = before.Alone();
        before.Join(version: 3);
        var shard = new ShardUnderTest(log: before.Log);

        Assert.Equal(ErrorCode.None, shard.Heartbeat(member, 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Records_of_every_version_can_be_read(short version)
    {
        var value = new GroupMetadataValue { ProtocolType = "consumer", Generation = 7, Protocol = "range", Leader = "m" };
        value.Members.Add(new() { MemberId = "m", ClientId = "c", ClientHost = "/h", SessionTimeout = 9_000, Subscription = ShardUnderTest.Bytes("s"), Assignment = ShardUnderTest.Bytes("a") });
        using var writer = new WireWriter();
        CoordinatorRecordFrame.WriteValue(writer, value, version);
        var read = (GroupMetadataValue)CoordinatorRecordFrame.ReadValue(CoordinatorLog.Groups, 2, writer.WrittenMemory);
        var shard = new ShardUnderTest(log: [new(new GroupMetadataKey { Group = "g" }, read, version)]);

        Assert.Equal(ErrorCode.None, shard.Heartbeat("m", 7));
        Assert.Equal((9_000, null), (shard.Group().FindMember("m")!.Timeouts.RebalanceMs, shard.Group().SinceMs));
    }

    [Fact]
    public void A_group_without_a_value_is_removed()
    {
        var before = new ShardUnderTest();
        before.Alone();
        var shard = new ShardUnderTest(log: [.. before.Log, CoordinatorRecord.Tombstone(new GroupMetadataKey { Group = "g" })]);

        Assert.Empty(shard.Shard.All);
    }

    [Fact]
    public void An_empty_group_can_be_deleted_and_one_with_members_cannot()
    {
        var shard = new ShardUnderTest();
        string member = shard.Alone();
        Assert.Equal([ErrorCode.NonEmptyGroup, ErrorCode.GroupIdNotFound], Delete(shard, "g", "unknown"));
        shard.Leave((member, null));
        Assert.Equal([ErrorCode.None], Delete(shard, "g"));

        Assert.Null(shard.Stored());
        Assert.Empty(shard.Shard.All);
        Assert.Equal(("Dead", ErrorCode.GroupIdNotFound), (shard.Describe().GroupState, shard.Describe().ErrorCode));
        Assert.Equal(("Dead", ErrorCode.None), (shard.Describe(version: 5).GroupState, shard.Describe(version: 5).ErrorCode));
    }

    [Fact]
    public void A_deletion_that_could_not_be_written_leaves_the_group()
    {
        var shard = new ShardUnderTest();
        shard.Leave((shard.Alone(), null));
        shard.CommitsAtOnce = false;
        Delete(shard, "g");
        shard.Fail(ErrorCode.NotEnoughReplicas);

        Assert.Equal("Empty", shard.Group().State);
    }

    [Fact]
    public void Groups_are_listed_by_state_and_type_whatever_the_case()
    {
        var shard = new ShardUnderTest();
        shard.Alone(group: "stable");
        shard.Join(group: "empty");

        Assert.Equal(["empty", "stable"], List(shard, [], []).Select(g => g.GroupId).Order());
        Assert.Equal(("stable", "consumer", "Stable", "classic"), List(shard, [" STABLE "], ["Classic"]).Select(g => (g.GroupId, g.ProtocolType, g.GroupState, g.GroupType)).Single());
        Assert.Empty(List(shard, [], ["consumer"]));
        Assert.Empty(List(shard, ["dead"], []));
    }

    [Fact]
    public void A_member_shows_what_it_said_only_while_the_group_is_stable()
    {
        var shard = new ShardUnderTest();
        string member = shard.Alone();
        Assert.Equal(("range", "m", "a1"), Shown(shard));
        shard.Join(member);
        Assert.Equal(("", "", "a1"), Shown(shard));
    }

    [Fact]
    public void A_group_goes_over_to_another_kind_and_back()
    {
        var shard = new ShardUnderTest();
        string[] members = shard.Together(2);
        long waits = shard.Join(members[0]);
        ClassicGroup group = shard.Group();
        shard.Ask(_ => shard.Shard.Classic.HandOver(group));
        Assert.Equal(ErrorCode.RebalanceInProgress, shard.Answer<JoinGroupResponse>(waits).ErrorCode);
        Assert.Empty(shard.Shard.All);
        Assert.Equal(2, group.Members.Count);

        var back = new ClassicMember("m", null, new("c", "/h"), [new("range", ShardUnderTest.Bytes("s")), new("sticky", ShardUnderTest.Bytes("t"))], new(10_000, 60_000), ShardUnderTest.Bytes("a"));
        shard.Ask(_ => shard.Shard.Classic.TakeOver("g", 12, [back], null, shard.Now));
        Assert.Equal((12, "range", "m"), (shard.Stored()!.Generation, shard.Stored()!.Protocol, shard.Stored()!.Leader));
        Assert.Equal(ErrorCode.None, shard.Heartbeat("m", 12));
        shard.Pass(10_000);
        Assert.Equal("Empty", shard.Group().State);
    }

    [Fact]
    public void What_an_empty_consumer_group_left_in_the_log_is_not_the_classic_group_that_came_after_it()
    {
        CoordinatorRecord[] left =
        [
            new(new ConsumerGroupMetadataKey { GroupId = "g" }, new ConsumerGroupMetadataValue { Epoch = 3 }, 0),
            new(new ConsumerGroupTargetAssignmentMetadataKey { GroupId = "g" }, new ConsumerGroupTargetAssignmentMetadataValue { AssignmentEpoch = 2 }, 0),
        ];
        var before = new ShardUnderTest();
        string member = before.Alone(sessionMs: 1_000_000);

        var shard = new ShardUnderTest(log: [.. left, .. before.Log]);

        Assert.Equal("classic", Assert.Single(shard.Shard.All).Kind);
        shard.Pass(900_000);
        Assert.Equal(ErrorCode.None, shard.Heartbeat(member, 1));
        Assert.Empty(new ShardUnderTest(log: [.. left, .. before.Log, CoordinatorRecord.Tombstone(new GroupMetadataKey { Group = "g" })]).Shard.All);
    }

    private static (string Protocol, string Metadata, string Assignment) Shown(ShardUnderTest shard)
    {
        DescribeGroupsResponse.DescribedGroup group = shard.Describe();
        return (group.ProtocolData, ShardUnderTest.Text(group.Members[0].MemberMetadata), ShardUnderTest.Text(group.Members[0].MemberAssignment));
    }

    private static IEnumerable<ErrorCode> Delete(ShardUnderTest shard, params string[] groups)
    {
        long ticket = shard.Ask(t => shard.Shard.Delete(t, groups));
        return shard.IsAnswered(ticket) ? shard.Answer<DeleteGroupsResponse>(ticket).Results.Select(r => r.ErrorCode) : [];
    }

    private static List<ListGroupsResponse.ListedGroup> List(ShardUnderTest shard, string[] states, string[] types) =>
        shard.AskNow<ListGroupsResponse>(t => shard.Shard.List(t, new() { StatesFilter = [.. states], TypesFilter = [.. types] })).Groups;
}
