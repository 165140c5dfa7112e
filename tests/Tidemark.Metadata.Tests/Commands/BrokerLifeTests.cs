using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Tests.Elections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

public sealed class BrokerLifeTests
{
    [Fact]
    public void A_new_broker_is_fenced_until_it_has_read_its_own_registration()
    {
        var world = new World();
        long epoch = world.Register(1);
        Assert.True(world.Image.Brokers[1].IsFenced);
        Assert.Equal(epoch, world.Image.Brokers[1].Epoch);
        BrokerHeartbeatResponse behind = world.Do(context => BrokerHeartbeat.Decide(
            context, new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = epoch, CurrentMetadataOffset = epoch - 1 }, world.Sessions));
        Assert.True(behind.IsFenced);
        Assert.False(behind.IsCaughtUp);
        Assert.False(world.Heartbeat(1).IsFenced);
        Assert.True(world.Image.IsActive(1));
    }

    [Fact]
    public void A_broker_serves_again_only_when_it_has_read_that_it_was_fenced()
    {
        var world = new World(brokers: 2);
        Offset before = world.Image.LastOffset;
        world.Fence(1);
        long epoch = world.Image.Brokers[1].Epoch;
        BrokerHeartbeatResponse late = world.Do(context => BrokerHeartbeat.Decide(
            context, new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = epoch, CurrentMetadataOffset = before.Value }, world.Sessions));
        Assert.True(late.IsFenced);
        Assert.False(world.Heartbeat(1).IsFenced);
    }

    [Fact]
    public void A_broker_that_has_not_read_what_was_taken_from_it_is_not_told_that_it_may_serve()
    {
        var world = new World(brokers: 2);
        Offset before = world.Image.LastOffset;
        world.Sessions.Taken(1, before + 1);
        var request = new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = world.Image.Brokers[1].Epoch, CurrentMetadataOffset = before.Value };
        BrokerHeartbeatResponse late = world.Do(context => BrokerHeartbeat.Decide(context, request, world.Sessions));
        Assert.Equal((false, false), (late.IsFenced, late.IsCaughtUp));
        request.CurrentMetadataOffset++;
        Assert.True(world.Do(context => BrokerHeartbeat.Decide(context, request, world.Sessions)).IsCaughtUp);
    }

    [Fact]
    public void Leaderships_are_taken_by_elections_and_with_the_topic()
    {
        var world = new World(brokers: 3);
        TopicImage topic = world.CreateTopic("a", 6, 2);
        int LedBy(int broker) => world.Image.Topics.Find("a")!.Partitions.Count(partition => partition.Leader == broker);
        int led = LedBy(2);
        MetadataImage before = world.Image;
        int written = world.Log.Count;
        world.Fence(2);
        Assert.Equal(Enumerable.Repeat(2, led), TakenLeaderships.Of(before, world.Log.Skip(written)));

        before = world.Image;
        written = world.Log.Count;
        world.Heartbeat(2);
        Assert.Empty(TakenLeaderships.Of(before, world.Log.Skip(written)));
        int[] leaders = [.. topic.Partitions.Select(partition => world.Partition("a", partition.Id).Leader)];
        world.Do(context => DeleteTopics.Decide(context, new DeleteTopicsRequest { Topics = [new() { Name = "a" }], TimeoutMs = 1000 }, 6));
        Assert.Equal(leaders, TakenLeaderships.Of(before, world.Log.Skip(written)));
    }

    [Fact]
    public void A_late_heartbeat_from_before_the_broker_was_ready_does_not_fence_it()
    {
        var world = new World();
        world.Register(1);
        Assert.True(world.Heartbeat(1, fence: true).IsFenced);
        Assert.False(world.Heartbeat(1).IsFenced);

        Assert.False(world.Heartbeat(1, fence: true).IsFenced);
        Assert.True(world.Image.IsActive(1));
    }

    [Theory]
    [InlineData(true, false, 1)]
    [InlineData(true, true, 0)]
    [InlineData(false, false, 0)]
    public void A_broker_that_serves_on_is_answered_when_a_majority_follows_the_controller(bool mayBeReplaced, bool shutsDown, int proofs)
    {
        var world = new World(brokers: 2);
        world.Heartbeat(1, shutDown: shutsDown);
        var request = new BrokerHeartbeatRequest
        {
            BrokerId = 1,
            BrokerEpoch = world.Image.Brokers[1].Epoch,
            CurrentMetadataOffset = world.Image.LastOffset.Value,
            WantShutDown = shutsDown,
        };
        Decision<BrokerHeartbeatResponse> decision = BrokerHeartbeat.Decide(world.Context with { MayBeReplaced = mayBeReplaced }, request, world.Sessions);
        Assert.Equal(proofs, decision.Records.Count(record => record.Message is NoOpRecord));
        Assert.Equal(proofs, decision.Records.Count);
    }

    [Fact]
    public void The_same_incarnation_that_registers_again_keeps_its_epoch_and_its_places()
    {
        // KAFKA-16952: an answer that was lost, and asked for again, made a broker a stranger to its own leaderships.
        var world = new World(brokers: 2);
        world.CreateTopic("a", 1, 2);
        PartitionImage before = world.Partition("a");
        BrokerImage broker = world.Image.Brokers[1];

        BrokerRegistrationResponse again = world.Do(context => RegisterBroker.Decide(
            context,
            new BrokerRegistrationRequest
            {
                BrokerId = 1,
                ClusterId = World.ClusterId,
                IncarnationId = broker.IncarnationId,
                LogDirs = [.. broker.Directories],
                PreviousBrokerEpoch = -1,
                Features = [.. broker.Features.Select(each => new BrokerRegistrationRequest.Feature { Name = each.Key, MinSupportedVersion = each.Value.Lowest, MaxSupportedVersion = each.Value.Highest })],
            },
            world.Sessions,
            isLocal: false));

        Assert.Equal((ErrorCode.None, broker.Epoch), (again.ErrorCode, again.BrokerEpoch));
        Assert.False(world.Image.Brokers[1].IsFenced);
        Assert.Equal(before, world.Partition("a"));
    }

    [Fact]
    public void A_session_begins_with_the_registration_and_not_with_the_first_heartbeat()
    {
        // In another broker one that died before its first heartbeat was never fenced, because only the end of a known session was looked for.
        var world = new World();
        long epoch = world.Register(1);
        Assert.True(world.Sessions.IsValid(1, epoch, world.NowMs + 9000, 9000));
        Assert.False(world.Sessions.IsValid(1, epoch, world.NowMs + 9001, 9000));
        Assert.Equal(world.NowMs + 9000, world.Sessions.EndOf(1, 9000));
    }

    [Fact]
    public void Another_incarnation_is_refused_while_the_session_lasts()
    {
        var world = new World(brokers: 1);
        long epoch = world.Image.Brokers[1].Epoch;
        Assert.Equal(-1, world.Register(1));
        world.NowMs += 9_001;
        Assert.True(world.Register(1) > epoch);
        Assert.True(world.Image.Brokers[1].IsFenced);
    }

    [Fact]
    public void Another_incarnation_need_not_wait_for_one_whose_connection_ended()
    {
        var world = new World(brokers: 1);
        long epoch = world.Image.Brokers[1].Epoch;
        world.Sessions.ConnectionEnded(1, epoch - 1);
        Assert.Equal(-1, world.Register(1));
        world.Sessions.ConnectionEnded(1, epoch);
        Assert.Equal(-1, world.Register(1, port: 9192));
        Assert.True(world.Register(1) > epoch);
        Assert.True(world.Image.Brokers[1].IsFenced);
    }

    [Fact]
    public void A_heartbeat_after_the_connections_end_says_that_the_process_lives()
    {
        var world = new World(brokers: 1);
        world.Sessions.ConnectionEnded(1, world.Image.Brokers[1].Epoch);
        world.Heartbeat(1);
        Assert.Equal(-1, world.Register(1));
    }

    [Fact]
    public void A_broker_of_another_cluster_is_refused()
    {
        var world = new World(brokers: 1);
        int before = world.Log.Count;

        Assert.Equal(ErrorCode.InconsistentClusterId, world.AskToRegister(2, cluster: "4L6g3nShT-eMCtK--X86sw").ErrorCode);

        Assert.Equal(before, world.Log.Count);
    }

    [Fact]
    public void A_broker_that_is_unregistered_is_in_no_set_any_more_and_comes_back_as_a_new_one()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", "3"));
        int[] replicas = [.. world.Partition("a").Replicas];
        world.Fence(replicas[1]);
        Assert.Contains(replicas[1], world.Partition("a").EligibleLeaderReplicas);
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, Unregister(9));

        Assert.Equal(ErrorCode.None, Unregister(replicas[0]));
        Assert.Equal(ErrorCode.None, Unregister(replicas[1]));

        PartitionImage left = world.Partition("a");
        Assert.Equal((replicas[2], replicas[2]), (left.Leader, Assert.Single(left.Isr)));
        Assert.Empty(left.EligibleLeaderReplicas);
        Assert.Equal([replicas[2]], world.Image.Brokers.Keys);
        world.AddBroker(replicas[0]);
        Assert.Equal(replicas[2], Assert.Single(world.Partition("a").Isr));

        ErrorCode Unregister(int id) => world.Do(context => UnregisterBroker.Decide(context, new UnregisterBrokerRequest { BrokerId = id })).ErrorCode;
    }

    [Fact]
    public void A_heartbeat_of_another_life_is_stale()
    {
        var world = new World(brokers: 1);
        Assert.Equal(ErrorCode.StaleBrokerEpoch, world.Do(context => BrokerHeartbeat.Decide(
            context, new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = 0 }, world.Sessions)).ErrorCode);
        Assert.Equal(ErrorCode.StaleBrokerEpoch, world.Do(context => BrokerHeartbeat.Decide(
            context, new BrokerHeartbeatRequest { BrokerId = 9, BrokerEpoch = 0 }, world.Sessions)).ErrorCode);
    }

    [Fact]
    public void A_broker_shuts_down_when_its_leaderships_are_elsewhere_and_everybody_knows()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 6, 2);
        Assert.False(world.Heartbeat(1, shutDown: true).ShouldShutDown);
        Assert.All(world.Image.Topics.Find("a")!.Partitions, partition => Assert.NotEqual(1, partition.Leader));
        Assert.False(world.Heartbeat(1, shutDown: true).ShouldShutDown);
        Assert.All(world.Image.Topics.Find("a")!.Partitions, partition => Assert.DoesNotContain(1, partition.Isr));
        world.Heartbeat(2);
        world.Heartbeat(3);
        Assert.True(world.Heartbeat(1, shutDown: true).ShouldShutDown);
    }

    [Fact]
    public void A_broker_does_not_shut_down_before_it_and_the_others_know_who_leads()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 6, 2);
        long stale = world.Image.LastOffset.Value;
        world.Heartbeat(2);
        world.Heartbeat(3);
        Assert.False(world.Heartbeat(1, shutDown: true).ShouldShutDown);

        // The others have read as much as this broker, and nobody but the controller that its leaderships are gone.
        Assert.False(Behind().ShouldShutDown);
        world.Heartbeat(2);
        world.Heartbeat(3);
        Assert.False(Behind().ShouldShutDown);
        Assert.True(world.Heartbeat(1, shutDown: true).ShouldShutDown);

        BrokerHeartbeatResponse Behind() => world.Do(context => BrokerHeartbeat.Decide(
            context,
            new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = world.Image.Brokers[1].Epoch, CurrentMetadataOffset = stale, WantShutDown = true },
            world.Sessions));
    }

    [Theory]
    [InlineData(1, true, false, true)]
    [InlineData(1, false, false, false)]
    [InlineData(1, true, true, false)]
    [InlineData(2, true, false, false)]
    public void Leaderships_are_kept_over_a_stop_only_where_nobody_is_left_to_be_told(int brokers, bool isLocal, bool mayBeReplaced, bool isKept)
    {
        var world = new World(brokers: brokers);
        world.CreateTopic("a", 2, 1);
        int leader = world.Partition("a").Leader;
        BrokerHeartbeatRequest request = new()
        {
            BrokerId = leader,
            BrokerEpoch = world.Image.Brokers[leader].Epoch,
            CurrentMetadataOffset = world.Image.LastOffset.Value,
            WantShutDown = true,
        };

        world.Do(context => BrokerHeartbeat.Decide(context with { MayBeReplaced = mayBeReplaced }, request, world.Sessions, isLocal));

        Assert.True(world.Image.Brokers[leader].IsInControlledShutdown);
        Assert.Equal(isKept ? leader : PartitionImage.NoLeader, world.Partition("a").Leader);
    }

    [Fact]
    public void A_broker_that_shuts_down_stays_in_sync_where_it_led_until_it_knows_that_others_lead()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 6, 3);
        int[] led = [.. world.Image.Topics.Find("a")!.Partitions.Where(partition => partition.Leader == 1).Select(partition => partition.Id)];
        Assert.NotEmpty(led);
        Offset before = world.Image.LastOffset;
        world.Heartbeat(1, shutDown: true);
        Assert.All(world.Image.Topics.Find("a")!.Partitions, partition => Assert.NotEqual(1, partition.Leader));
        Assert.All(world.Image.Topics.Find("a")!.Partitions, partition => Assert.Equal(led.Contains(partition.Id), partition.Isr.Contains(1)));

        // What was read up to then tells nothing of the new leaders.
        var late = new BrokerHeartbeatRequest { BrokerId = 1, BrokerEpoch = world.Image.Brokers[1].Epoch, CurrentMetadataOffset = before.Value, WantShutDown = true };
        Assert.False(world.Do(context => BrokerHeartbeat.Decide(context, late, world.Sessions)).ShouldShutDown);
        Assert.All(led, partition => Assert.Contains(1, world.Image.Topics.Find("a")!.Partitions[partition].Isr));
        world.Heartbeat(1, shutDown: true);
        Assert.All(world.Image.Topics.Find("a")!.Partitions, partition => Assert.DoesNotContain(1, partition.Isr));
    }

    [Fact]
    public void A_broker_that_dies_while_it_shuts_down_leaves_every_in_sync_set()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 6, 3);
        world.Heartbeat(1, shutDown: true);
        world.Do(context => BrokerHeartbeat.Expire(context, 1));
        Assert.True(world.Image.Brokers[1].IsFenced);
        Assert.All(world.Image.Topics.Find("a")!.Partitions, partition => Assert.DoesNotContain(1, partition.Isr));
    }

    [Fact]
    public void A_new_controller_ends_its_own_brokers_last_life_before_another_is_fenced()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 6, 2);
        Assert.True(world.Do(context => EndOwnLastLife.Decide(context, life: world.NewId())));
        Assert.True(world.Image.Brokers[1].IsFenced);
        world.Fence(2);
        Assert.All(world.Image.Topics.Find("a")!.Partitions, partition => Assert.NotEqual(1, partition.Leader));
        Assert.False(world.Do(context => EndOwnLastLife.Decide(context, life: world.NewId())));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(1, false)]
    public void A_new_controller_leaves_its_broker_active_in_this_life_and_where_there_is_no_other(int brokers, bool isSameLife)
    {
        var world = new World(brokers: brokers);
        Uuid registered = world.Image.Brokers[1].IncarnationId;
        Assert.False(world.Do(context => EndOwnLastLife.Decide(context, isSameLife ? registered : world.NewId())));
        Assert.False(world.Image.Brokers[1].IsFenced);
    }

    [Fact]
    public void The_checks_of_AlterPartition_stand_in_their_order()
    {
        var world = new World(brokers: 3);
        TopicImage topic = world.CreateTopic("a", 1, 2);
        PartitionImage partition = world.Partition("a");
        int follower = partition.Replicas.Single(id => id != partition.Leader);
        int outside = Enumerable.Range(1, 3).Single(id => !partition.Replicas.Contains(id));
        Assert.Equal(ErrorCode.NotController, Code(partition with { LeaderEpoch = new LeaderEpoch(5) }, partition.Leader, partition.Leader));
        Assert.Equal(ErrorCode.NotController, Code(partition with { PartitionEpoch = 5 }, partition.Leader, partition.Leader));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, Code(partition with { LeaderEpoch = new LeaderEpoch(-1) }, follower, follower));
        Assert.Equal(ErrorCode.InvalidRequest, Code(partition, follower, follower));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Code(partition with { PartitionEpoch = -1 }, partition.Leader, follower));
        Assert.Equal(ErrorCode.InvalidRequest, Code(partition, partition.Leader, follower));
        Assert.Equal(ErrorCode.InvalidRequest, Code(partition, partition.Leader, partition.Leader, outside));
        world.Fence(follower);
        Assert.Equal(ErrorCode.IneligibleReplica, Code(world.Partition("a"), partition.Leader, partition.Leader, follower));

        ErrorCode Code(PartitionImage state, int sender, params int[] isr) =>
            ElectionTests.Alter(world, topic, state, sender, isr).Topics[0].Partitions[0].ErrorCode;
    }

    [Fact]
    public void Producer_ids_are_given_in_blocks_that_never_meet()
    {
        var world = new World(brokers: 2);
        var request = new AllocateProducerIdsRequest { BrokerId = 1, BrokerEpoch = world.Image.Brokers[1].Epoch };
        AllocateProducerIdsResponse first = world.Do(context => AllocateProducerIds.Decide(context, request));
        AllocateProducerIdsResponse second = world.Do(context => AllocateProducerIds.Decide(context, request));
        Assert.Equal((0, 1000), (first.ProducerIdStart, first.ProducerIdLen));
        Assert.Equal(1000, second.ProducerIdStart);
        request.BrokerEpoch++;
        Assert.Equal(ErrorCode.StaleBrokerEpoch, world.Do(context => AllocateProducerIds.Decide(context, request)).ErrorCode);
    }
}
