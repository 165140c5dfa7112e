using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Elections;

public sealed partial class ElectionTests
{
    [Fact]
    public void A_fenced_leader_is_followed_by_the_next_replica_in_sync_and_stays_eligible_below_the_minimum()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", "3"));
        int leader = world.Partition("a").Leader;
        world.Fence(leader);
        PartitionImage partition = world.Partition("a");
        Assert.Equal(partition.Replicas.First(id => id != leader), partition.Leader);
        Assert.Equal(1, partition.LeaderEpoch.Value);
        Assert.DoesNotContain(leader, partition.Isr);
        Assert.Equal(leader, Assert.Single(partition.EligibleLeaderReplicas));
    }

    [Fact]
    public void A_broker_that_comes_back_without_its_mark_leaves_the_eligible_replicas_too()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", "3"));
        int leader = world.Partition("a").Leader;
        world.Fence(leader);
        world.NowMs += 60_000;
        world.Register(leader, previousEpoch: -1);
        Assert.Empty(world.Partition("a").EligibleLeaderReplicas);
    }

    [Fact]
    public void Whoever_led_last_leads_again_when_all_have_come_back_without_their_marks()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", "2"));
        int[] replicas = [.. world.Partition("a").Replicas];
        foreach (int id in replicas)
        {
            world.Fence(id);
        }

        Assert.False(world.Partition("a").HasLeader);
        world.NowMs += 60_000;
        foreach (int id in replicas)
        {
            world.Register(id, previousEpoch: -1);
            world.Heartbeat(id);
        }

        PartitionImage partition = world.Partition("a");
        Assert.Equal(replicas[^1], partition.Leader);
        Assert.Equal(replicas[^1], Assert.Single(partition.Isr));
        Assert.Empty(partition.LastKnownEligibleLeaderReplicas);
    }

    /// <summary>The member in sync cannot lead, for its directory is lost, so that nobody leads although the set is not empty.</summary>
    [Fact]
    public void Whoever_led_last_is_remembered_also_while_another_is_in_sync_that_cannot_lead()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", "2"));
        int[] replicas = [.. world.Partition("a").Replicas];
        world.Apply([new MetadataRecord(new PartitionChangeRecord { PartitionId = 0, TopicId = world.Image.Topics.Find("a")!.Id, Isr = [replicas[0], replicas[1]], Directories = [new Uuid(9, 9), World.Directory(replicas[1]), World.Directory(replicas[2])], Leader = replicas[1] }, 2)]);
        world.Fence(replicas[1]);
        Assert.False(world.Partition("a").HasLeader);
        Assert.Equal(replicas[0], Assert.Single(world.Partition("a").Isr));

        world.NowMs += 60_000;
        world.Register(replicas[0], previousEpoch: -1);
        world.Register(replicas[1], previousEpoch: -1);
        world.Heartbeat(replicas[1]);

        Assert.Equal(replicas[1], world.Partition("a").Leader);
    }

    /// <summary>The one in sync is about to stop and cannot lead; when it goes it is eligible, and the last leader, who lacks what it has, is not elected.</summary>
    [Fact]
    public void Whoever_led_last_does_not_lead_when_the_last_in_sync_leaves_in_good_order()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", "1"));
        int[] replicas = [.. world.Partition("a").Replicas];
        world.Apply([new MetadataRecord(new PartitionChangeRecord { PartitionId = 0, TopicId = world.Image.Topics.Find("a")!.Id, Isr = [replicas[0], replicas[1]], Directories = [new Uuid(9, 9), World.Directory(replicas[1]), World.Directory(replicas[2])], Leader = replicas[1] }, 2)]);
        world.Fence(replicas[1]);
        world.Heartbeat(replicas[1]);
        Assert.Equal(replicas[0], Assert.Single(world.Partition("a").Isr));
        Assert.Equal(replicas[1], Assert.Single(world.Partition("a").LastKnownEligibleLeaderReplicas));

        world.Fence(replicas[0]);

        Assert.False(world.Partition("a").HasLeader);
        Assert.Equal(replicas[0], Assert.Single(world.Partition("a").EligibleLeaderReplicas));
    }

    [Fact]
    public void The_last_replica_standing_is_eligible_again_when_it_is_alive_and_no_other_is_elected()
    {
        var world = new World(brokers: 2);
        world.CreateTopic("a", 1, 2);
        int first = world.Partition("a").Leader;
        int second = world.Partition("a").Replicas.Single(id => id != first);
        world.Fence(first);
        world.Fence(second);
        Assert.False(world.Partition("a").HasLeader);
        world.Heartbeat(first);
        Assert.False(world.Partition("a").HasLeader);
        world.Heartbeat(second);
        PartitionImage partition = world.Partition("a");
        Assert.Equal(second, partition.Leader);
        Assert.Equal(second, Assert.Single(partition.Isr));
        Assert.Equal(PartitionImage.Recovered, partition.LeaderRecoveryState);
    }

    [Fact]
    public void The_last_leader_leads_again_when_it_came_back_without_its_mark_and_nobody_else_is_eligible()
    {
        var world = new World(brokers: 2);
        world.CreateTopic("a", 1, 2);
        int first = world.Partition("a").Leader;
        int second = world.Partition("a").Replicas.Single(id => id != first);
        world.Fence(first);
        world.Fence(second);
        Assert.Equal(second, Assert.Single(world.Partition("a").EligibleLeaderReplicas));
        Assert.Equal(second, Assert.Single(world.Partition("a").LastKnownEligibleLeaderReplicas));
        world.NowMs += 60_000;
        world.Register(second, previousEpoch: -1);
        Assert.Empty(world.Partition("a").EligibleLeaderReplicas);
        world.Heartbeat(second);
        PartitionImage partition = world.Partition("a");
        Assert.Equal(second, partition.Leader);
        Assert.Equal(second, Assert.Single(partition.Isr));
        Assert.Empty(partition.LastKnownEligibleLeaderReplicas);
    }

    [Fact]
    public void Where_the_last_leader_lost_its_disk_the_last_that_was_eligible_stands_in_for_it()
    {
        var world = new World(brokers: 3);
        TopicImage topic = world.CreateTopic("a", 1, 3, ("min.insync.replicas", "2"));
        int[] replicas = [.. world.Partition("a").Replicas];
        foreach (int id in replicas)
        {
            world.Fence(id);
        }

        int last = Assert.Single(world.Partition("a").LastKnownEligibleLeaderReplicas);
        int eligible = world.Partition("a").EligibleLeaderReplicas.Single(id => id != last);
        world.NowMs += 60_000;
        var disk = new Uuid(5, 5);
        world.Register(last, previousEpoch: -1, directory: disk);
        world.Heartbeat(last);
        AssignReplicasToDirsResponse moved = world.Do(context => AssignReplicasToDirs.Decide(context, new AssignReplicasToDirsRequest
        {
            BrokerId = last,
            BrokerEpoch = world.Image.Brokers[last].Epoch,
            Directories = [new() { Id = disk, Topics = [new() { TopicId = topic.Id, Partitions = [new() { PartitionIndex = 0 }] }] }],
        }));
        Assert.Equal(ErrorCode.None, moved.Directories[0].Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(eligible, Assert.Single(world.Partition("a").EligibleLeaderReplicas));
        Assert.Empty(world.Partition("a").LastKnownEligibleLeaderReplicas);

        world.Register(eligible, previousEpoch: -1);
        Assert.Empty(world.Partition("a").EligibleLeaderReplicas);
        Assert.Equal(eligible, Assert.Single(world.Partition("a").LastKnownEligibleLeaderReplicas));
        world.Heartbeat(eligible);
        PartitionImage partition = world.Partition("a");
        Assert.Equal((eligible, PartitionImage.Recovering), (partition.Leader, partition.LeaderRecoveryState));
        Assert.Empty(partition.LastKnownEligibleLeaderReplicas);
    }

    [Fact]
    public void The_last_leader_is_not_elected_while_it_is_fenced()
    {
        // KAFKA-19522: whoever led last was made leader though it was fenced.
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 2);
        int first = world.Partition("a").Leader;
        int second = world.Partition("a").Replicas.Single(id => id != first);
        world.Fence(first);
        world.Fence(second);
        world.NowMs += 60_000;
        world.Register(second, previousEpoch: -1);
        Assert.Equal(second, Assert.Single(world.Partition("a").LastKnownEligibleLeaderReplicas));

        world.Heartbeat(first);

        Assert.False(world.Partition("a").HasLeader);
        world.Heartbeat(second);
        Assert.Equal(second, world.Partition("a").Leader);
    }

    [Fact]
    public void An_unclean_election_takes_any_live_replica_and_says_so()
    {
        var world = new World(brokers: 2);
        world.CreateTopic("a", 1, 2);
        int first = world.Partition("a").Leader;
        int second = world.Partition("a").Replicas.Single(id => id != first);
        world.Fence(first);
        world.Fence(second);
        world.Heartbeat(first);
        Assert.Equal(ErrorCode.None, Elect(world, 1));
        PartitionImage partition = world.Partition("a");
        Assert.Equal(first, partition.Leader);
        Assert.Equal(first, Assert.Single(partition.Isr));
        Assert.Equal(PartitionImage.Recovering, partition.LeaderRecoveryState);
    }

    [Fact]
    public void A_preferred_election_gives_the_leadership_back_when_the_first_replica_is_in_sync()
    {
        var world = new World(brokers: 2);
        TopicImage topic = world.CreateTopic("a", 1, 2);
        int first = world.Partition("a").Leader;
        world.Fence(first);
        world.Heartbeat(first);
        Assert.Equal(ErrorCode.PreferredLeaderNotAvailable, Elect(world, 0));
        PartitionImage partition = world.Partition("a");
        AlterPartitionResponse response = Alter(world, topic, partition, partition.Leader, [.. partition.Replicas]);
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.None, Elect(world, 0));
        Assert.Equal(first, world.Partition("a").Leader);
        Assert.Equal(ErrorCode.ElectionNotNeeded, Elect(world, 0));
    }

    [Fact]
    public void A_preferred_election_takes_no_replica_that_is_not_in_sync_whatever_the_topic_allows()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3);
        int[] replicas = [.. world.Partition("a").Replicas];
        Array.ForEach(replicas, world.Fence);
        world.Heartbeat(replicas[0]);
        Assert.False(world.Partition("a").HasLeader);
        world.Apply([new MetadataRecord(new ConfigRecord { ResourceType = 2, ResourceName = "a", Name = "unclean.leader.election.enable", Value = "true" }, 0)]);

        ElectLeadersResponse refused = world.Do(context => ElectLeaders.Decide(
            context, new ElectLeadersRequest { ElectionType = 0, TopicPartitions = [new() { Topic = "a", Partitions = [0] }], TimeoutMs = 1000 }, 2));

        Assert.Equal(ErrorCode.PreferredLeaderNotAvailable, refused.ReplicaElectionResults[0].PartitionResult[0].ErrorCode);
        Assert.False(world.Partition("a").HasLeader);
    }

    [Fact]
    public void The_only_replica_stays_in_sync_through_anything()
    {
        var world = new World(brokers: 1);
        world.CreateTopic("a", 1, 1);
        world.Heartbeat(1, shutDown: true);
        Assert.Equal((PartitionImage.NoLeader, 1), (world.Partition("a").Leader, world.Partition("a").Isr.Single()));
        world.NowMs += 60_000;
        world.Register(1, previousEpoch: -1);
        world.Heartbeat(1);
        Assert.Equal((1, 1), (world.Partition("a").Leader, world.Partition("a").Isr.Single()));
    }

    [Fact]
    public void A_lost_directory_ends_the_leadership_of_what_was_in_it()
    {
        var world = new World(brokers: 2);
        world.CreateTopic("a", 1, 2);
        int leader = world.Partition("a").Leader;
        world.Heartbeat(leader, offline: World.Directory(leader));
        Assert.NotEqual(leader, world.Partition("a").Leader);
        Assert.DoesNotContain(leader, world.Partition("a").Isr);
    }

    [Fact]
    public void A_reassignment_that_replaces_another_keeps_what_is_in_sync_until_it_is_complete()
    {
        var world = new World(brokers: 4);
        (int first, int[] others) = MoveTowards(world);

        Assert.Equal(ErrorCode.None, Reassign(world, [others[1], others[2]]));

        PartitionImage partition = world.Partition("a");
        Assert.Equal(others[0], partition.Leader);
        Assert.Equal(others[0], Assert.Single(partition.Isr));
        Assert.Equal([first, others[0]], partition.RemovingReplicas.Order());
        Assert.Contains(others[0], partition.Replicas);
    }

    [Fact]
    public void A_reassignment_is_not_cancelled_where_no_replica_of_before_is_alive()
    {
        var world = new World(brokers: 4);
        (int first, int[] others) = MoveTowards(world, ("unclean.leader.election.enable", "true"));

        Assert.Equal(ErrorCode.InvalidReplicaAssignment, Reassign(world, null));
        Assert.Equal(others[0], world.Partition("a").Leader);

        world.Heartbeat(first);
        Assert.Equal(ErrorCode.None, Reassign(world, null));
        Assert.Equal(first, Assert.Single(world.Partition("a").Replicas));
        Assert.Equal(first, Assert.Single(world.Partition("a").Isr));
    }

    /// <summary>A partition on one broker that is on its way to two others, one of which is all that is alive and in sync.</summary>
    private static (int First, int[] Others) MoveTowards(World world, params (string, string)[] configs)
    {
        TopicImage topic = world.CreateTopic("a", 1, 1, configs);
        int first = world.Partition("a").Leader;
        int[] others = [.. Enumerable.Range(1, 4).Where(id => id != first)];
        Assert.Equal(ErrorCode.None, Reassign(world, [others[0], others[1]]));
        Alter(world, topic, world.Partition("a"), first, [first, others[0]]);
        world.Fence(first);
        Assert.Equal(others[0], Assert.Single(world.Partition("a").Isr));
        return (first, others);
    }

    private static ErrorCode Reassign(World world, List<int>? replicas) => world.Do(context => AlterPartitionReassignments.Decide(
        context,
        new AlterPartitionReassignmentsRequest { Topics = [new() { Name = "a", Partitions = [new() { PartitionIndex = 0, Replicas = replicas }] }] }))
        .Responses[0].Partitions[0].ErrorCode;

    private static ErrorCode Elect(World world, sbyte type) => world.Do(context => ElectLeaders.Decide(
        context,
        new ElectLeadersRequest { ElectionType = type, TopicPartitions = [new() { Topic = "a", Partitions = [0] }] },
        2)).ReplicaElectionResults[0].PartitionResult[0].ErrorCode;

    internal static AlterPartitionResponse Alter(World world, TopicImage topic, PartitionImage partition, int sender, int[] isr) =>
        world.Do(context => AlterPartition.Decide(
            context,
            new AlterPartitionRequest
            {
                BrokerId = sender,
                BrokerEpoch = world.Image.Brokers[sender].Epoch,
                Topics =
                [
                    new()
                    {
                        TopicId = topic.Id,
                        Partitions =
                        [
                            new()
                            {
                                PartitionIndex = partition.Id,
                                LeaderEpoch = partition.LeaderEpoch.Value,
                                PartitionEpoch = partition.PartitionEpoch,
                                NewIsrWithEpochs = [.. isr.Select(id => new AlterPartitionRequest.BrokerState { BrokerId = id, BrokerEpoch = world.Image.Brokers[id].Epoch })],
                            },
                        ],
                    },
                ],
            },
            3));
}
