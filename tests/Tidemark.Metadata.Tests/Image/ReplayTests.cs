using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Image;

public sealed class ReplayTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void The_log_and_a_snapshot_both_lead_to_the_same_image_and_invariants_hold(int seed)
    {
        var random = new Random(seed);
        var world = new World(seed, brokers: 5);
        for (int step = 0; step < 300; step++)
        {
            MetadataImage before = world.Image;
            Step(world, random);
            AssertEpochsRise(before, world.Image, seed, step);
            AssertPartitionsAreSound(world.Image, seed, step);
        }

        byte[] live = World.Encode(ImageRecords.Of(world.Image));
        MetadataImage replayed = MetadataImage.Empty;
        foreach (MetadataRecord[] chunk in world.Log.Chunk(7))
        {
            replayed = replayed.Apply(chunk.Select(ThroughBytes), world.Image.LastOffset, world.Image.LastEpoch, 0);
        }

        Assert.Equal(live, World.Encode(ImageRecords.Of(replayed)));
        MetadataImage loaded = MetadataImage.Empty.Apply(ImageRecords.Of(world.Image).Select(ThroughBytes), world.Image.LastOffset, world.Image.LastEpoch, 0);
        Assert.Equal(live, World.Encode(ImageRecords.Of(loaded)));
        Assert.Equal(world.Image.Topics.InOrder(), loaded.Topics.InOrder());
    }

    [Fact]
    public void A_leader_proves_its_heartbeats_by_noting_itself_in_its_own_epoch()
    {
        var replay = new MetadataReplay(MetadataImage.Empty);
        Register(replay, 1, offset: 1, epoch: 3, ours: true);
        Assert.True(replay.HasProvenHeartbeats(new BrokerId(1), new LeaderEpoch(3)));
        Assert.False(replay.HasProvenHeartbeats(new BrokerId(2), new LeaderEpoch(3)));

        // The next epoch's leader says nothing of itself, or is of another make and notes one of ours.
        replay.Pass(new Offset(2), new LeaderEpoch(4), 0);
        Assert.False(replay.HasProvenHeartbeats(new BrokerId(1), new LeaderEpoch(3)));
        Register(replay, 2, offset: 3, epoch: 4, ours: false);
        Register(replay, 1, offset: 4, epoch: 4, ours: true);
        Assert.False(replay.HasProvenHeartbeats(new BrokerId(2), new LeaderEpoch(4)));
    }

    private static void Register(MetadataReplay replay, int id, long offset, int epoch, bool ours)
    {
        var record = new RegisterControllerRecord { ControllerId = id };
        if (ours)
        {
            record.Features.Add(new() { Name = FeatureTable.ProvenHeartbeats, MaxSupportedVersion = 1 });
        }

        replay.Replay([new(record, 0)], new Offset(offset), new LeaderEpoch(epoch), 0);
    }

    [Fact]
    public void Records_of_a_transaction_take_effect_together_or_not_at_all()
    {
        var replay = new MetadataReplay(MetadataImage.Empty);
        MetadataRecord topic = new(new TopicRecord { Name = "a", TopicId = new Uuid(1, 1) }, 0);
        replay.Replay([new(new BeginTransactionRecord(), 0), topic], new Offset(1), new LeaderEpoch(1), 0);
        Assert.True(replay.IsInTransaction);
        Assert.Equal(0, replay.ToImage().Topics.Count);
        replay.Replay([new(new EndTransactionRecord(), 0)], new Offset(2), new LeaderEpoch(1), 0);
        Assert.Equal(1, replay.ToImage().Topics.Count);
        MetadataRecord other = new(new TopicRecord { Name = "b", TopicId = new Uuid(2, 2) }, 0);
        replay.Replay([new(new BeginTransactionRecord(), 0), other, new(new AbortTransactionRecord(), 0)], new Offset(5), new LeaderEpoch(1), 0);
        Assert.False(replay.IsInTransaction);
        Assert.Equal(1, replay.ToImage().Topics.Count);
        Assert.Equal(5, replay.ToImage().LastOffset.Value);
    }

    [Fact]
    public void A_removed_topic_takes_its_configuration_with_it()
    {
        var world = new World(brokers: 1);
        TopicImage topic = world.CreateTopic("a", 1, 1, ("retention.ms", "5"));
        world.Apply([new MetadataRecord(new RemoveTopicRecord { TopicId = topic.Id }, 0)]);
        Assert.Empty(world.Image.ConfigOf(ConfigResource.Topic("a")));
        Assert.Null(world.Image.Topics.Find("a"));
    }

    private static MetadataRecord ThroughBytes(MetadataRecord record) => MetadataRecord.Read(World.Encode([record]));

    private static void Step(World world, Random random)
    {
        int broker = random.Next(1, 6);
        string topic = "t" + random.Next(8);
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                world.Do(context => CreateTopics.Decide(context, new CreateTopicsRequest
                {
                    Topics = [new() { Name = topic, NumPartitions = random.Next(1, 5), ReplicationFactor = (short)random.Next(1, 4) }],
                }));
                break;
            case 3:
                world.Do(context => DeleteTopics.Decide(context, new DeleteTopicsRequest { Topics = [new() { Name = topic }], TimeoutMs = 1 }, 6));
                break;
            case 4:
                world.Do(context => CreatePartitions.Decide(context, new CreatePartitionsRequest
                {
                    Topics = [new() { Name = topic, Count = random.Next(1, 9), Assignments = null }],
                    TimeoutMs = 1,
                }));
                break;
            case 5:
                world.Fence(broker);
                break;
            case 6 or 7:
                world.Heartbeat(broker);
                break;
            case 8:
                world.NowMs += 60_000;
                world.Register(broker, previousEpoch: random.Next(2) == 0 ? world.Image.Brokers[broker].Epoch : -1);
                break;
            case 9:
                world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest
                {
                    Resources = [new() { ResourceType = 2, ResourceName = topic, Configs = [new() { Name = "min.insync.replicas", Value = random.Next(1, 4).ToString() }] }],
                }));
                break;
            case 10:
                world.Do(context => AlterPartitionReassignments.Decide(context, new AlterPartitionReassignmentsRequest
                {
                    Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Replicas = [.. Enumerable.Range(1, 5).OrderBy(_ => random.Next()).Take(2)] }] }],
                }));
                break;
            default:
                AlterIsr(world, random, topic);
                break;
        }
    }

    private static void AlterIsr(World world, Random random, string name)
    {
        if (world.Image.Topics.Find(name) is not { } topic || topic.Partitions[0] is not { HasLeader: true } partition)
        {
            return;
        }

        world.Do(context => AlterPartition.Decide(
            context,
            new AlterPartitionRequest
            {
                BrokerId = partition.Leader,
                BrokerEpoch = world.Image.Brokers[partition.Leader].Epoch,
                Topics =
                [
                    new()
                    {
                        TopicId = topic.Id,
                        Partitions =
                        [
                            new()
                            {
                                PartitionIndex = 0,
                                LeaderEpoch = partition.LeaderEpoch.Value,
                                PartitionEpoch = partition.PartitionEpoch,
                                NewIsrWithEpochs = [.. partition.Replicas.Where(id => id == partition.Leader || random.Next(3) > 0)
                                    .Select(id => new AlterPartitionRequest.BrokerState { BrokerId = id })],
                            },
                        ],
                    },
                ],
            },
            3));
    }

    private static void AssertEpochsRise(MetadataImage before, MetadataImage after, int seed, int step)
    {
        foreach (TopicImage topic in before.Topics.ById.Values)
        {
            foreach (PartitionImage old in topic.Partitions)
            {
                if (after.Topics.Find(topic.Id)?.Partition(old.Id) is { } now && now != old)
                {
                    Assert.True(now.PartitionEpoch > old.PartitionEpoch || now.EligibleLeaderReplicas.IsEmpty, $"seed {seed} step {step}");
                    Assert.True(now.LeaderEpoch >= old.LeaderEpoch, $"seed {seed} step {step}");
                    Assert.True(now.Leader == old.Leader || now.LeaderEpoch > old.LeaderEpoch, $"seed {seed} step {step}");
                }
            }
        }
    }

    private static void AssertPartitionsAreSound(MetadataImage image, int seed, int step)
    {
        foreach (TopicImage topic in image.Topics.ById.Values)
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                string where = $"seed {seed} step {step} {topic.Name}-{partition.Id}";
                Assert.True(partition.Isr.All(id => partition.Replicas.Contains(id)), where);
                Assert.True(partition.EligibleLeaderReplicas.All(id => partition.Replicas.Contains(id) && !partition.Isr.Contains(id)), where);
                Assert.True(!partition.HasLeader || (partition.Isr.Contains(partition.Leader) && image.IsActive(partition.Leader)), where);
                Assert.True(partition.Replicas.Length == 1 || partition.Isr.All(id => !image.Brokers[id].IsFenced), where);
                Assert.True(partition.Directories.Length == partition.Replicas.Length, where);
            }
        }
    }
}
