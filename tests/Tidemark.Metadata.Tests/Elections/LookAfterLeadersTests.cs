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
        world.Heartbeat(replicas[0], fence: true);
        Assert.NotEqual(replicas[0], world.Partition("t").Leader);
        world.Heartbeat(replicas[0]);

        Assert.Equal(0, world.Do(LookAfterLeaders.Balance));
        Join(world, replicas[0]);

        Assert.Equal(1, world.Do(LookAfterLeaders.Balance));
        Assert.Equal(replicas[0], world.Partition("t").Leader);
        Assert.Equal(0, world.Do(LookAfterLeaders.Balance));
    }

    [Fact]
    public void A_leaderless_partition_gets_an_unclean_leader_only_once_its_topic_allows_it()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("t", 1, 2, ("min.insync.replicas", "1"));
        int[] replicas = [.. world.Partition("t").Replicas];
        world.Heartbeat(replicas[1], fence: true);
        world.Heartbeat(replicas[0], fence: true);
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
