using Tidemark.Coordination.Consumer;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using static Tidemark.Coordination.Tests.Consumer.ConsumerWorld;

namespace Tidemark.Coordination.Tests.Consumer;

public class MembershipTests
{
    private readonly ConsumerWorld _world = new(("a", 4), ("b", 2));

    [Fact]
    public void What_a_leaving_member_had_goes_to_the_others()
    {
        _world.Join("m1", "a");
        _world.Join("m2", "a");
        ConsumerGroupHeartbeatResponse left = _world.Send("m1", -1);
        Assert.Equal((ErrorCode.None, "m1", -1), (left.ErrorCode, left.MemberId, left.MemberEpoch));
        Assert.Equal("a:0,1,2,3", _world.Told(_world.Send("m2", 3)));
    }

    [Fact]
    public void The_last_member_leaves_an_empty_group_one_epoch_on()
    {
        _world.Join("m1", "a");
        _world.Send("m1", -1);
        Assert.Equal(("Empty", 3, 2), (_world.Group.State, _world.Group.Epoch, _world.Group.AssignmentEpoch));
        Assert.Equal(0, _world.Group.MetadataHash);
        Assert.Equal(4, _world.Join("m2", "a").MemberEpoch);
    }

    [Fact]
    public void Who_is_not_heard_of_in_its_session_is_out()
    {
        _world.Join("m1", "a");
        _world.Pass(44_999);
        Assert.Equal(2, _world.Send("m1", 2).MemberEpoch);
        _world.Pass(44_999);
        Assert.NotNull(_world.Group.Member("m1"));
        _world.Pass(1);
        Assert.Null(_world.Group.Member("m1"));
    }

    [Fact]
    public void Who_is_not_heard_of_while_the_log_takes_nothing_is_out_when_it_does_again()
    {
        _world.Join("m1", "a");
        _world.LogRefuses = true;
        _world.Pass(45_000);
        Assert.NotNull(_world.Group.Member("m1"));
        _world.LogRefuses = false;
        _world.Pass(45_500);
        Assert.Null(_world.Group.Member("m1"));
    }

    [Fact]
    public void Who_left_in_vain_since_the_log_took_nothing_is_out_after_its_session()
    {
        _world.Join("m1", "a");
        _world.LogRefuses = true;
        _world.Input(t => _world.Shard.Consumer.Heartbeat(t, new() { GroupId = "g", MemberId = "m1", MemberEpoch = -1 }, 1, new("app", "/1.2.3.4"), default, 0, _world.Now));
        Assert.NotNull(_world.Group.Member("m1"));
        _world.LogRefuses = false;
        _world.Pass(45_500);
        Assert.Null(_world.Group.Member("m1"));
    }

    [Fact]
    public void New_partitions_that_were_seen_while_the_log_took_nothing_are_seen_again()
    {
        _world.Join("m1", "a");
        _world.LogRefuses = true;
        _world.Topic("a", 5);
        _world.Input(t => _world.Shard.Consumer.Heartbeat(t, new() { GroupId = "g", MemberId = "m1", MemberEpoch = 2, RebalanceTimeoutMs = -1 }, 1, new("app", "/1.2.3.4"), default, 0, _world.Now));
        _world.LogRefuses = false;
        Assert.Equal("a:0,1,2,3,4", _world.Told(_world.Send("m1", 2)));
    }

    [Fact]
    public void Who_does_not_give_up_in_its_rebalance_timeout_is_out()
    {
        _world.Join("m1", "a");
        _world.Join("m2", "a");
        _world.Send("m1", 2);
        for (int i = 0; i < 6; i++)
        {
            _world.Pass(9_999);
            _world.Send("m1", 2, owned: [Owns("a", 0, 1, 2, 3)]);
            _world.Send("m2", 3);
        }

        _world.Pass(10);
        Assert.Null(_world.Group.Member("m1"));
        Assert.Equal("a:0,1,2,3", _world.Told(_world.Send("m2", 3)));
    }

    [Fact]
    public void Who_gave_up_in_time_stays()
    {
        _world.Join("m1", "a");
        _world.Join("m2", "a");
        _world.Send("m1", 2);
        _world.Pass(30_000);
        _world.Send("m1", 2, owned: [Owns("a", 0, 1)]);
        _world.Pass(40_000);
        Assert.NotNull(_world.Group.Member("m1"));
    }

    [Fact]
    public void A_static_member_that_leaves_for_a_while_keeps_its_partitions_for_its_successor()
    {
        _world.Send("s1", 0, names: ["a"], instance: "i");
        ConsumerGroupHeartbeatResponse left = _world.Send("s1", -2, instance: "i");
        Assert.Equal((ErrorCode.None, -2), (left.ErrorCode, left.MemberEpoch));
        Assert.Equal("Reconciling", _world.Group.State);

        ConsumerGroupHeartbeatResponse back = _world.Send("s2", 0, names: ["a"], instance: "i");
        Assert.Equal((2, "a:0,1,2,3"), (back.MemberEpoch, _world.Told(back)));
        Assert.Equal(["s2"], _world.Group.Members.Keys);
        Assert.Equal(2, _world.Group.Epoch);
    }

    [Fact]
    public void A_static_member_that_does_not_come_back_is_out()
    {
        _world.Send("s1", 0, names: ["a"], instance: "i");
        _world.Send("s1", -2, instance: "i");
        _world.Pass(45_000);
        Assert.Equal("Empty", _world.Group.State);
    }

    [Fact]
    public void An_instance_id_in_use_is_not_given_away()
    {
        _world.Send("s1", 0, names: ["a"], instance: "i");
        Assert.Equal(ErrorCode.UnreleasedInstanceId, _world.Send("s2", 0, names: ["a"], instance: "i").ErrorCode);
        Assert.Equal(ErrorCode.UnreleasedInstanceId, _world.Send("s1", 0, names: ["a"], instance: "i").ErrorCode);
    }

    [Fact]
    public void The_predecessor_of_a_static_member_is_fenced()
    {
        _world.Send("s1", 0, names: ["a"], instance: "i");
        _world.Send("s1", -2, instance: "i");
        _world.Send("s2", 0, names: ["a"], instance: "i");
        Assert.Equal(ErrorCode.FencedInstanceId, _world.ErrorOf("s1", 2, "i"));
        Assert.Equal(ErrorCode.FencedInstanceId, _world.ErrorOf("s1", -1, "i"));
        Assert.Equal(ErrorCode.UnknownMemberId, _world.ErrorOf("s1", 2));
        Assert.Equal(ErrorCode.UnknownMemberId, _world.ErrorOf("s2", 2, "other"));
    }

    [Fact]
    public void A_successor_with_another_subscription_makes_a_rebalance()
    {
        _world.Send("s1", 0, names: ["a"], instance: "i");
        _world.Send("s1", -2, instance: "i");
        ConsumerGroupHeartbeatResponse back = _world.Send("s2", 0, names: ["a", "b"], instance: "i");
        Assert.Equal((3, "a:0,1,2,3 b:0,1"), (back.MemberEpoch, _world.Told(back)));
    }

    [Fact]
    public void New_partitions_are_assigned_at_the_next_heartbeat()
    {
        _world.Join("m1", "a");
        _world.Topic("a", 6);
        Assert.Equal("a:0,1,2,3,4,5", _world.Told(_world.Send("m1", 2)));
    }

    [Fact]
    public void A_topic_that_appears_is_assigned_and_one_that_goes_is_taken()
    {
        _world.Join("m1", "c");
        Assert.Equal("", _world.Has("m1"));
        _world.Topic("c", 1);
        Assert.Equal((3, "c:0"), (_world.Send("m1", 2) is var got ? got.MemberEpoch : 0, _world.Told(got)));
        _world.NoTopic("c");
        Assert.Equal("", _world.Told(_world.Send("m1", 3)));
    }

    [Fact]
    public void Topics_that_nobody_in_the_group_reads_do_not_matter()
    {
        _world.Join("m1", "a");
        _world.Topic("b", 9);
        _world.Send("m1", 2);
        Assert.Equal(2, _world.Group.Epoch);
    }

    [Fact]
    public void Another_node_goes_on_where_this_one_was()
    {
        _world.Join("m1", "a");
        _world.Join("m2", "a");
        _world.Send("s1", 0, names: ["b"], instance: "i", rack: "r");
        _world.Send("m1", 2);
        ConsumerGroup before = _world.Group;
        _world.FailOver();
        ConsumerGroup after = _world.Group;
        Assert.Equal((before.Epoch, before.AssignmentEpoch, before.MetadataHash, before.State), (after.Epoch, after.AssignmentEpoch, after.MetadataHash, after.State));
        Assert.Equal(before.Members.Keys, after.Members.Keys);
        Assert.All(before.Members.Values, m => Assert.True(m.HasSameMetadata(after.Member(m.Id)!) && m.HasSameProgress(after.Member(m.Id)!)));
        Assert.Equal(before.Targets, after.Targets);
        Assert.Equal("s1", after.Static("i")!.Id);

        // Sessions and what has to be given up have their time from now on.
        _world.Pass(44_999);
        Assert.Equal(3, _world.Group.Members.Count);
        _world.Send("m1", 2);
        _world.Pass(15_002);
        Assert.Null(_world.Group.Member("m1"));
    }

    [Fact]
    public void Offsets_are_committed_in_the_members_epoch_or_for_what_it_has_had_since_an_older_one()
    {
        _world.Join("m1", "a");
        _world.Join("m2", "a");
        _world.Send("m1", 2);
        _world.Send("m1", 2, owned: [Owns("a", 0, 1)]);
        _world.Send("m2", 3);
        var a = new CoordinatorTopic("a", Id("a"), 4, _ => []);
        ConsumerGroup group = _world.Group;
        ErrorCode Check(string member, int epoch, int partition, short version = 9) =>
            group.CheckCommit(member, null, epoch, false, version) is var error and not ErrorCode.None ? error : group.CheckCommitOf(member, epoch, a, partition);

        Assert.Equal(ErrorCode.None, Check("m1", 3, 0));
        Assert.Equal(ErrorCode.None, Check("m1", 2, 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, Check("m1", 2, 2));
        Assert.Equal(ErrorCode.StaleMemberEpoch, Check("m1", 1, 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, Check("m1", 4, 0));
        Assert.Equal(ErrorCode.StaleMemberEpoch, Check("m2", 2, 2));
        Assert.Equal(ErrorCode.UnknownMemberId, Check("m9", 3, 0));
        Assert.Equal(ErrorCode.UnknownMemberId, Check("", -1, 0));
        Assert.Equal(ErrorCode.UnsupportedVersion, Check("m1", 3, 0, 8));
    }

    [Fact]
    public void A_producer_that_knows_no_members_brings_offsets_of_a_group_that_has_some()
    {
        _world.Join("m1", "a");
        ErrorCode Check(string member, int epoch, string? instance = null, bool isTransactional = true) => _world.Group.CheckCommit(member, instance, epoch, isTransactional, 3);

        Assert.Equal(ErrorCode.None, Check("", -1));
        Assert.Equal(ErrorCode.UnknownMemberId, Check("", -1, isTransactional: false));
        Assert.Equal(ErrorCode.UnknownMemberId, Check("", -2));
        Assert.Equal(ErrorCode.UnknownMemberId, Check("", -1, "i"));
        Assert.Equal(ErrorCode.UnknownMemberId, Check("m9", -1));
        Assert.Equal(ErrorCode.UnknownMemberId, Check("", 2));
    }

    [Fact]
    public void Offsets_are_fetched_in_the_members_epoch_or_by_nobody()
    {
        _world.Join("m1", "a");
        ConsumerGroup group = _world.Group;
        Assert.Equal(ErrorCode.None, group.CheckFetch(null, -1));
        Assert.Equal(ErrorCode.UnknownMemberId, group.CheckFetch("", -1));
        Assert.Equal(ErrorCode.None, group.CheckFetch("m1", 2));
        Assert.Equal(ErrorCode.StaleMemberEpoch, group.CheckFetch("m1", 1));
        Assert.Equal(ErrorCode.StaleMemberEpoch, group.CheckFetch("m1", 99));
        Assert.Equal(ErrorCode.UnknownMemberId, group.CheckFetch("m9", 2));
    }

    [Fact]
    public void A_group_with_members_is_not_deleted_and_an_empty_one_leaves_nothing()
    {
        _world.Send("m1", 0, names: ["a"], regex: "b.*");
        _world.Pass(1);
        Assert.Equal(ErrorCode.NonEmptyGroup, _world.Group.CheckDelete());
        Assert.True(_world.Group.IsSubscribedTo("b"));
        _world.Send("m1", -1);
        Assert.Equal(ErrorCode.None, _world.Group.CheckDelete());
        _world.Input(_ => _world.Shard.Delete("g"));
        Assert.Null(_world.Shard.Find("g"));
        _world.FailOver();
        Assert.Null(_world.Shard.Find("g"));
    }

    [Fact]
    public void Describing_tells_members_with_what_they_have_and_are_meant_to_have()
    {
        _world.Send("m1", 0, names: ["cg-t", "cg-u"], instance: "i", rack: "r");
        _world.Join("m2", "a");
        ConsumerGroupDescribeResponse.DescribedGroup group = _world.Describe();
        Assert.Equal(("g", "Stable", 3, 3, "uniform"), (group.GroupId, "Stable", group.GroupEpoch, group.AssignmentEpoch, group.AssignorName));
        ConsumerGroupDescribeResponse.Member m1 = group.Members.Single(m => m.MemberId == "m1");
        Assert.Equal(("i", "r", 2, "app", "/1.2.3.4", "", (sbyte)1), (m1.InstanceId, m1.RackId, m1.MemberEpoch, m1.ClientId, m1.ClientHost, m1.SubscribedTopicRegex, m1.MemberType));

        // Kafka tells the topics in the order of Java's hash sets.
        Assert.Equal(["cg-u", "cg-t"], m1.SubscribedTopicNames);
        Assert.Equal("a", group.Members.Single(m => m.MemberId == "m2").Assignment.TopicPartitions.Single().TopicName);
        Assert.Equal(ErrorCode.GroupIdNotFound, _world.Describe("none").ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, _world.Describe("").ErrorCode);
    }

    [Fact]
    public void What_a_member_was_told_to_give_up_is_described_as_its_own_until_it_did()
    {
        _world.Join("m1", "a");
        _world.Join("m2", "a");
        _world.Send("m1", 2);
        ConsumerGroupDescribeResponse.Member m1 = _world.Describe().Members.Single(m => m.MemberId == "m1");
        Assert.Equal([0, 1, 2, 3], m1.Assignment.TopicPartitions.Single().Partitions);
        Assert.Equal([0, 1], m1.TargetAssignment.TopicPartitions.Single().Partitions);
    }

    [Fact]
    public void Topics_are_looked_at_once_however_many_groups_read_them_and_not_again_while_they_are_the_same()
    {
        int looked = 0;
        _world.Topic(new CoordinatorTopic("r", Id("r"), 3, _ =>
        {
            looked++;
            return ["r1"];
        }));
        for (int i = 0; i < 5; i++)
        {
            _world.Send("m", 0, names: ["r"], group: $"g{i}");
        }

        Assert.Equal(3, looked);
        _world.Look();
        _world.Topic("other", 1);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(2, _world.Send("m", 2, group: $"g{i}").MemberEpoch);
        }

        Assert.Equal(3, looked);
    }
}
