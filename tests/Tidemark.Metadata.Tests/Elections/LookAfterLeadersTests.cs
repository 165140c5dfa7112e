using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Elections;

/// <summary>What the controller does for leaderships unasked.</summary>
public sealed class LookAfterLeadersTests
{
    [Fact]
    public void Leadership_goes_back_to_the_preferred_replica_once_it_is_in_sync()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("t", 1, 3);
        int[] replicas = [.. world.Partition("t").Replicas];
        world.Fence(replicas[0]);
        Assert.NotEqual(replicas[0], world.Partition("t").Leader);
        world.Heartbeat(replicas[0]);

        Assert.Equal(0, Balance(world));
        Join(world, replicas[0]);

        Assert.Equal(1, Balance(world));
        Assert.Equal(replicas[0], world.Partition("t").Leader);
        Assert.Equal(0, Balance(world));
    }

    [Theory]
    [InlineData(null, 1, 0)]
    [InlineData(null, 2, 2)]
    [InlineData("0", 1, 1)]
    [InlineData("19", 2, 2)]
    [InlineData("20", 2, 0)]
    [InlineData("50", 5, 0)]
    [InlineData("50", 6, 6)]
    public void A_broker_gets_its_leaderships_back_when_it_misses_more_than_the_share_that_is_tolerated(string? percentage, int lost, int moved)
    {
        // Ten partitions that prefer broker 1 and are led by 2 where it lost them; those of broker 2 are where they belong.
        var world = new World(brokers: 2);
        world.File = percentage is null ? BrokerConfig.Empty : BrokerConfig.Parse([new("leader.imbalance.per.broker.percentage", percentage)], out _);
        world.CreateTopic("t", 20, 2);
        PartitionImage[] preferred = [.. world.Image.Topics.Find("t")!.Partitions.Where(each => each.Replicas[0] == 1)];
        Assert.Equal(10, preferred.Length);
        foreach (PartitionImage partition in preferred.Take(lost))
        {
            world.Apply([new(new PartitionChangeRecord { TopicId = world.Image.Topics.Find("t")!.Id, PartitionId = partition.Id, Leader = 2 }, 0)]);
        }

        Assert.Equal(moved, Balance(world));
        Assert.Equal(lost - moved, world.Image.Topics.Find("t")!.Partitions.Count(each => !each.HasPreferredLeader));
    }

    [Fact]
    public void Once_begun_a_broker_gets_all_its_leaderships_back_step_by_step()
    {
        var world = new World(brokers: 2);
        world.CreateTopic("t", 2 * (LookAfterLeaders.ElectionsMax + 50), 2);
        foreach (PartitionImage partition in world.Image.Topics.Find("t")!.Partitions.Where(each => each.Replicas[0] == 1))
        {
            world.Apply([new(new PartitionChangeRecord { TopicId = world.Image.Topics.Find("t")!.Id, PartitionId = partition.Id, Leader = 2 }, 0)]);
        }

        var begun = new HashSet<int>();
        Assert.Equal(LookAfterLeaders.ElectionsMax, world.Do(context => LookAfterLeaders.Balance(context, begun)));
        Assert.Equal([1], begun);
        Assert.Equal(50, world.Do(context => LookAfterLeaders.Balance(context, begun)));
    }

    private static int Balance(World world) => world.Do(context => LookAfterLeaders.Balance(context, new HashSet<int>()));

    [Fact]
    public void A_leaderless_partition_gets_an_unclean_leader_only_once_its_topic_allows_it()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("t", 1, 2, ("min.insync.replicas", "1"));
        int[] replicas = [.. world.Partition("t").Replicas];
        world.Fence(replicas[1]);
        world.Fence(replicas[0]);
        world.Heartbeat(replicas[1]);
        Assert.False(world.Partition("t").HasLeader);

        Assert.Equal(0, world.Do(LookAfterLeaders.ElectUnclean));
        Set(world, "t", "unclean.leader.election.enable", "true");

        Assert.Equal(1, world.Do(LookAfterLeaders.ElectUnclean));
        Assert.Equal(replicas[1], world.Partition("t").Leader);
        Assert.Equal([replicas[1]], world.Partition("t").Isr.ToArray());
    }

    private static void Join(World world, int broker)
    {
        PartitionImage partition = world.Partition("t");
        AlterPartitionResponse response = world.Do(context => AlterPartition.Decide(
            context,
            new AlterPartitionRequest
            {
                BrokerId = partition.Leader,
                BrokerEpoch = world.Image.Brokers[partition.Leader].Epoch,
                Topics =
                [
                    new()
                    {
                        TopicId = world.Image.Topics.Find("t")!.Id,
                        Partitions =
                        [
                            new()
                            {
                                PartitionIndex = 0,
                                LeaderEpoch = partition.LeaderEpoch.Value,
                                PartitionEpoch = partition.PartitionEpoch,
                                NewIsrWithEpochs = [.. partition.Isr.Append(broker).Select(id => new AlterPartitionRequest.BrokerState { BrokerId = id, BrokerEpoch = world.Image.Brokers[id].Epoch })],
                            },
                        ],
                    },
                ],
            },
            AlterPartitionRequest.HighestVersion));
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
    }

    private static void Set(World world, string topic, string key, string value) =>
        Assert.Equal(ErrorCode.None, world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = (sbyte)ConfigResourceType.Topic,
                    ResourceName = topic,
                    Configs = [new() { Name = key, Value = value, ConfigOperation = 0 }],
                },
            ],
        })).Responses[0].ErrorCode);
}
