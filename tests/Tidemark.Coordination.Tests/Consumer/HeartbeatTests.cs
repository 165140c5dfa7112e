using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Consumer;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using static Tidemark.Coordination.Tests.Consumer.ConsumerWorld;

namespace Tidemark.Coordination.Tests.Consumer;

public class HeartbeatTests
{
    private readonly ConsumerWorld _world = new(("a", 4), ("b", 2));

    [Fact]
    public void The_first_member_of_a_new_group_gets_everything_in_epoch_2()
    {
        ConsumerGroupHeartbeatResponse response = _world.Join("m1", "a");
        Assert.Equal((ErrorCode.None, "m1", 2, 5000), (response.ErrorCode, response.MemberId, response.MemberEpoch, response.HeartbeatIntervalMs));
        Assert.Equal("a:0,1,2,3", _world.Told(response));
        Assert.Equal("Stable", _world.Group.State);
    }

    [Fact]
    public void An_assignment_is_told_only_when_it_changed_or_all_was_said()
    {
        _world.Join("m1", "a");
        Assert.Equal("-", _world.Told(_world.Send("m1", 2)));
        ConsumerGroupHeartbeatResponse full = _world.Send(new ConsumerGroupHeartbeatRequest
        {
            GroupId = "g",
            MemberId = "m1",
            MemberEpoch = 2,
            RebalanceTimeoutMs = 60_000,
            SubscribedTopicNames = ["a"],
            TopicPartitions = [Owns("a", 0, 1, 2, 3)],
        });
        Assert.Equal("a:0,1,2,3", _world.Told(full));
    }

    [Fact]
    public void A_partition_goes_to_its_next_member_when_the_one_before_gave_it_up()
    {
        _world.Join("m1", "a");
        ConsumerGroupHeartbeatResponse second = _world.Join("m2", "a");
        Assert.Equal((3, ""), (second.MemberEpoch, _world.Told(second)));
        Assert.Equal(MemberState.UnreleasedPartitions, _world.Group.Member("m2")!.State);

        // Told to give up 2 and 3, the first stays in its epoch, and the second waits.
        ConsumerGroupHeartbeatResponse first = _world.Send("m1", 2);
        Assert.Equal((2, "a:0,1"), (first.MemberEpoch, _world.Told(first)));
        Assert.Equal("Reconciling", _world.Group.State);
        Assert.Equal("-", _world.Told(_world.Send("m2", 3)));

        // As long as it says that it has one of them, nothing moves.
        Assert.Equal(2, _world.Send("m1", 2, owned: [Owns("a", 0, 1, 2)]).MemberEpoch);
        Assert.Equal("-", _world.Told(_world.Send("m2", 3)));

        Assert.Equal((3, "-"), (_world.Send("m1", 2, owned: [Owns("a", 0, 1)]) is var gave ? gave.MemberEpoch : 0, _world.Told(gave)));
        Assert.Equal("a:2,3", _world.Told(_world.Send("m2", 3)));
        Assert.Equal("Stable", _world.Group.State);
    }

    [Fact]
    public void Who_comes_again_with_epoch_0_is_told_all_without_a_rebalance()
    {
        _world.Join("m1", "a");
        int records = _world.Log.Count;
        ConsumerGroupHeartbeatResponse again = _world.Join("m1", "a");
        Assert.Equal((2, "a:0,1,2,3"), (again.MemberEpoch, _world.Told(again)));
        Assert.Equal(records, _world.Log.Count);
    }

    [Fact]
    public void Epochs_that_are_not_the_members_are_fenced_except_the_one_before_with_nothing_too_much()
    {
        _world.Join("m1", "a");
        Assert.Equal(3, _world.Send("m1", 2, names: ["a", "b"]).MemberEpoch);

        Assert.Equal(ErrorCode.FencedMemberEpoch, _world.ErrorOf("m1", 4));
        Assert.Equal(ErrorCode.FencedMemberEpoch, _world.ErrorOf("m1", 1));
        Assert.Equal(ErrorCode.FencedMemberEpoch, _world.ErrorOf("m1", 2));
        Assert.Equal(ErrorCode.FencedMemberEpoch, _world.ErrorOf("m1", 2, owned: [Owns("c", 0)]));
        Assert.Equal(ErrorCode.None, _world.ErrorOf("m1", 2, owned: [Owns("a", 0, 1, 2, 3)]));
        Assert.Equal(ErrorCode.None, _world.ErrorOf("m1", 3));
    }

    [Fact]
    public void Unknown_groups_and_members_are_told_apart()
    {
        Assert.Equal(ErrorCode.GroupIdNotFound, _world.ErrorOf("m1", 1));
        Assert.Equal(ErrorCode.GroupIdNotFound, _world.ErrorOf("m1", -1));
        _world.Join("m1", "a");
        Assert.Equal(ErrorCode.UnknownMemberId, _world.ErrorOf("m2", 1));
        Assert.Equal(ErrorCode.UnknownMemberId, _world.ErrorOf("m2", -1));
    }

    [Fact]
    public void Version_0_makes_an_id_and_version_1_wants_one()
    {
        ConsumerGroupHeartbeatResponse made = _world.Send("", 0, names: ["a"], version: 0);
        Assert.Equal(22, made.MemberId!.Length);
        Assert.Equal(ErrorCode.None, _world.Send(made.MemberId, 2, version: 0).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, _world.Send("", 0, names: ["a"]).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, _world.Send("", 5, version: 0).ErrorCode);
    }

    [Fact]
    public void Requests_that_lack_something_are_refused()
    {
        static ConsumerGroupHeartbeatRequest First() => new() { GroupId = "g", MemberId = "m", RebalanceTimeoutMs = 1, SubscribedTopicNames = ["a"], TopicPartitions = [] };
        ErrorCode With(Action<ConsumerGroupHeartbeatRequest> change)
        {
            ConsumerGroupHeartbeatRequest request = First();
            change(request);
            return _world.Send(request).ErrorCode;
        }

        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.GroupId = ""));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.InstanceId = ""));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.RackId = ""));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.GroupId = " \t "));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.MemberId = " "));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.InstanceId = " "));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.RackId = " "));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.RebalanceTimeoutMs = -1));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.SubscribedTopicNames = null));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.TopicPartitions = null));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.TopicPartitions = [Owns("a", 0)]));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.MemberEpoch = -2));
        Assert.Equal(ErrorCode.InvalidRequest, With(r => r.MemberEpoch = -3));
        Assert.Equal(ErrorCode.UnsupportedAssignor, With(r => r.ServerAssignor = "nonsense"));
        Assert.Equal(ErrorCode.UnsupportedAssignor, With(r => r.ServerAssignor = ""));
        Assert.Empty(_world.Log);
        Assert.Equal(ErrorCode.None, With(r => r.RebalanceTimeoutMs = 0));
    }

    [Fact]
    public void Topics_that_are_dropped_from_the_subscription_are_given_up_before_the_next_assignment()
    {
        _world.Settings = _world.Settings with { ConsumerAssignmentIntervalMs = 1000 };
        _world.Look();
        _world.Join("m1", "a");
        ConsumerGroupHeartbeatResponse dropped = _world.Send("m1", 2, names: ["b"]);
        Assert.Equal((2, ""), (dropped.MemberEpoch, _world.Told(dropped)));
        Assert.Equal("Assigning", _world.Group.State);
    }

    [Fact]
    public void Assignments_are_not_computed_more_often_than_the_interval_allows()
    {
        _world.Settings = _world.Settings with { ConsumerAssignmentIntervalMs = 1000 };
        _world.Look();
        _world.Join("m1", "a");
        Assert.Equal(2, _world.Join("m2", "a").MemberEpoch);
        Assert.Equal((3, 2, "Assigning"), (_world.Group.Epoch, _world.Group.AssignmentEpoch, _world.Group.State));
        _world.Pass(999);
        Assert.Equal(2, _world.Send("m2", 2).MemberEpoch);
        _world.Pass(1);
        Assert.Equal(3, _world.Send("m2", 2).MemberEpoch);
    }

    [Fact]
    public void A_groups_own_configuration_comes_before_the_brokers()
    {
        _world.Settings = _world.Settings with { ConsumerHeartbeatIntervalBounds = (500, 1000), ConsumerSessionTimeoutBounds = (1000, 3000) };
        _world.Look();
        _world.Config["g"] = new() { ["consumer.heartbeat.interval.ms"] = "700", ["consumer.session.timeout.ms"] = "2000" };
        Assert.Equal(700, _world.Join("m1", "a").HeartbeatIntervalMs);
        _world.Pass(1999);
        Assert.Equal(ErrorCode.None, _world.ErrorOf("m1", 2));
        _world.Pass(2000);
        Assert.Equal(ErrorCode.UnknownMemberId, _world.ErrorOf("m1", 2));
    }

    [Fact]
    public void A_groups_own_configuration_is_held_to_bounds_that_were_narrowed_since()
    {
        _world.Config["g"] = new() { ["consumer.heartbeat.interval.ms"] = "700", ["consumer.session.timeout.ms"] = "90000" };
        Assert.Equal(5000, _world.Join("m1", "a").HeartbeatIntervalMs);
        _world.Pass(59_999);
        Assert.Equal(ErrorCode.None, _world.ErrorOf("m1", 2));
        _world.Pass(60_000);
        Assert.Equal(ErrorCode.UnknownMemberId, _world.ErrorOf("m1", 2));
    }

    [Fact]
    public void A_broker_that_does_not_serve_the_protocol_says_that_its_version_is_not_supported()
    {
        _world.Join("m1", "a");
        _world.Settings = _world.Settings with { ServesConsumerGroups = false };
        _world.Look();
        Assert.Equal(ErrorCode.UnsupportedVersion, _world.Join("m2", "a").ErrorCode);
        Assert.Equal(ErrorCode.UnsupportedVersion, _world.ErrorOf("m1", 2));
        Assert.Equal(ErrorCode.UnsupportedVersion, _world.Describe().ErrorCode);
        Assert.Single(_world.Group.Members);
    }

    [Fact]
    public void The_assignor_that_most_members_want_is_used()
    {
        _world.Send("m1", 0, names: ["a"], assignor: "range");
        Assert.Equal("range", _world.Describe().AssignorName);
        _world.Send("m2", 0, names: ["a"], assignor: "uniform");
        _world.Send("m3", 0, names: ["a"], assignor: "uniform");
        Assert.Equal("uniform", _world.Describe().AssignorName);
    }

    [Fact]
    public void A_full_group_takes_no_more_members_but_keeps_its_own()
    {
        _world.Settings = _world.Settings with { ConsumerMembersMax = 1 };
        _world.Look();
        _world.Join("m1", "a");
        Assert.Equal(ErrorCode.GroupMaxSizeReached, _world.Join("m2", "a").ErrorCode);
        Assert.Equal(ErrorCode.None, _world.Join("m1", "a").ErrorCode);
    }

    [Fact]
    public void Answers_leave_when_what_they_tell_is_committed()
    {
        _world.CommitsAtOnce = false;
        long ticket = _world.Input(t => _world.Shard.Consumer.Heartbeat(
            t,
            new ConsumerGroupHeartbeatRequest { GroupId = "g", MemberId = "m", RebalanceTimeoutMs = 1, SubscribedTopicNames = ["a"], TopicPartitions = [] },
            1,
            new GroupClient("app", "/1.2.3.4"),
            default,
            0,
            _world.Now));
        Assert.False(_world.IsAnswered(ticket));
        Assert.Equal(ErrorCode.GroupIdNotFound, _world.Describe().ErrorCode);
        _world.Commit();
        Assert.True(_world.IsAnswered(ticket));
        Assert.Equal("Stable", _world.Describe().GroupState);
    }

    [Fact]
    public void What_could_not_be_written_never_was()
    {
        _world.Join("m1", "a");
        ConsumerGroup before = _world.Group;
        int records = _world.Log.Count;
        _world.CommitsAtOnce = false;
        _world.Input(t => _world.Shard.Consumer.Heartbeat(
            t,
            new ConsumerGroupHeartbeatRequest { GroupId = "g", MemberId = "m2", RebalanceTimeoutMs = 1, SubscribedTopicNames = ["a"], TopicPartitions = [] },
            1,
            new GroupClient("app", "/1.2.3.4"),
            default,
            0,
            _world.Now));
        Assert.Equal(2, _world.Group.Members.Count);
        _world.Fail(_world.Log.Count - records);
        Assert.Same(before, _world.Group);
    }

    [Fact]
    public void The_reason_of_every_epoch_is_noted_and_kept()
    {
        _world.Join("m1", "a");
        _world.Send("m1", 2, names: ["a", "b"]);
        _world.Topic("b", 3);
        _world.Send("m1", 3);
        _world.Send("m1", -1);
        Assert.Equal(
            [(2, "member m1 joined and reads a"), (3, "member m1 now reads a, b"), (4, "the topics it reads, their partitions or racks changed"), (5, "member m1 left")],
            _world.Shard.Consumer.ReasonsOf("g").Select(r => (r.Epoch, r.Reason)));
        Assert.Contains("group g goes to epoch 5: member m1 left", _world.Notes);
        Assert.Matches(@"^epoch 5 began at \d{13}: member m1 left$", _world.Describe().ErrorMessage!);
    }
}
