using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Tests.Quorum;

public sealed class MetadataDriverTests
{
    [Fact]
    public void A_new_cluster_begins_with_the_features_that_it_was_formatted_with()
    {
        var world = new QuorumWorld(1);
        world.Format();
        world.Start();
        MetadataImage image = world.Driver.Current;
        Assert.Equal(MetadataVersion.Latest, image.Version);
        Assert.Equal(2, image.Features["transaction.version"]);
        Assert.Equal("1", image.ConfigOf(ConfigResource.AllBrokers)["min.insync.replicas"]);
        Assert.Single(image.Controllers);
        Assert.Same(image, world.Published.Single());
    }

    [Fact]
    public void A_topic_is_published_before_its_creation_is_answered_and_survives_a_restart()
    {
        var world = new QuorumWorld(2);
        world.Format();
        world.Start();
        long epoch = world.Register();
        Assert.Equal(ErrorCode.None, world.CreateTopic("a", 3).Topics.Single().ErrorCode);
        MetadataImage before = world.Driver.Current;
        Assert.Same(before, world.Published[^1]);
        Assert.All(before.Topics.Find("a")!.Partitions, partition => Assert.Equal(1, partition.Leader));
        world.Driver.Close();
        world.Start();
        Assert.Equal(before.Topics.Find("a"), world.Driver.Current.Topics.Find("a"));
        Assert.Equal(epoch, world.Driver.Current.Brokers[1].Epoch);
        Assert.Equal(2, world.Driver.Epoch.Value);
    }

    /// <summary>The process does so beside everything else that a start has to do.</summary>
    [Fact]
    public void The_log_is_read_once_and_before_the_node_takes_part_in_the_quorum()
    {
        var world = new QuorumWorld(12);
        world.Format();
        world.Start();
        world.Register();
        world.CreateTopic("a", 3);
        (TopicImage topic, LeaderEpoch epoch) = (world.Driver.Current.Topics.Find("a")!, world.Driver.Epoch);
        world.Driver.Close();
        world.Create();

        MetadataImage read = world.Driver.Load();
        Assert.Equal(topic, read.Topics.Find("a"));
        Assert.Same(read, world.Driver.Load());
        Assert.Empty(world.Published);
        Assert.Equal(BrokerId.None, world.Driver.Controller.Node);

        world.Driver.Start(world.Published.Add);
        Assert.Equal(topic, Assert.Single(world.Published).Topics.Find("a"));
        Assert.Equal(epoch.Value + 1, world.Driver.Epoch.Value);
        Assert.Equal(ErrorCode.TopicAlreadyExists, world.CreateTopic("a").Topics.Single().ErrorCode);
    }

    [Fact]
    public void A_broker_that_comes_back_uncleanly_leads_in_a_new_epoch()
    {
        var world = new QuorumWorld(3);
        world.Format();
        world.Start();
        world.Register();
        world.CreateTopic("a");
        world.Driver.Close();
        world.Start();
        world.Register(previousEpoch: -1);
        PartitionImage partition = world.Driver.Current.Topics.Find("a")!.Partitions[0];
        Assert.Equal((1, 1), (partition.Leader, partition.LeaderEpoch.Value));
        Assert.Equal(1, Assert.Single(partition.Isr));
        Assert.Equal(PartitionImage.Recovered, partition.LeaderRecoveryState);
    }

    [Fact]
    public void The_only_node_keeps_its_leaderships_over_a_clean_stop()
    {
        var world = new QuorumWorld(4);
        world.Format();
        world.Start();
        long epoch = world.Register();
        world.CreateTopic("a");
        Assert.True(world.BeginShutdown().ShouldShutDown);
        PartitionImage before = world.Driver.Current.Topics.Find("a")!.Partitions[0];
        Assert.Equal(1, before.Leader);
        world.Driver.Close();
        world.Start();
        world.Register(epoch);
        PartitionImage after = world.Driver.Current.Topics.Find("a")!.Partitions[0];
        Assert.Equal(1, after.Leader);
        Assert.Equal(before.PartitionEpoch, after.PartitionEpoch);
        Assert.True(world.Driver.Current.Brokers[1].IsActive);
    }

    [Fact]
    public void Commands_that_wait_together_share_one_flush_and_are_answered_in_order()
    {
        var world = new QuorumWorld(5);
        world.Format();
        world.Start();
        world.Register();
        int published = world.Published.Count;
        List<Task<CreateTopicsResponse>> tasks = [.. Enumerable.Range(0, 20).Select(i => world.BeginCreateTopic("t" + (i % 10)))];
        List<ErrorCode> codes = [.. tasks.Select(task => world.Wait(task).Topics.Single().ErrorCode)];
        Assert.All(codes.Take(10), code => Assert.Equal(ErrorCode.None, code));
        Assert.All(codes.Skip(10), code => Assert.Equal(ErrorCode.TopicAlreadyExists, code));
        Assert.Equal(published + 1, world.Published.Count);
    }

    [Fact]
    public void Snapshots_are_written_by_size_and_the_log_before_them_goes()
    {
        var world = new QuorumWorld(
            6,
            ("metadata.log.max.record.bytes.between.snapshots", "2000"),
            ("internal.metadata.log.segment.bytes", "3000"),
            ("metadata.max.retention.bytes", "5000"));
        world.Format();
        world.Start();
        world.Register();
        for (int i = 0; i < 60; i++)
        {
            world.CreateTopic("topic-" + i, 2);
            world.Simulation.Time.Advance(TimeSpan.FromSeconds(1));
        }

        MetadataImage before = world.Driver.Current;
        world.Driver.Close();
        IReadOnlyList<string> files = [.. world.Simulation.Disk.List("/data/__cluster_metadata-0").Select(entry => entry.Name)];
        Assert.Contains(files, name => name.EndsWith(".checkpoint", StringComparison.Ordinal));
        Assert.DoesNotContain("00000000000000000000.log", files);
        world.Start();
        Assert.Equal(before.Topics.InOrder(), world.Driver.Current.Topics.InOrder());
        Assert.Equal(before.Brokers[1].Epoch, world.Driver.Current.Brokers[1].Epoch);
    }

    [Fact]
    public void An_hour_after_the_last_snapshot_there_is_another()
    {
        var world = new QuorumWorld(7);
        world.Format();
        world.Start();
        world.Register();
        world.Simulation.Time.Advance(TimeSpan.FromMinutes(61));
        Assert.Contains(world.Simulation.Disk.List("/data/__cluster_metadata-0"), entry => entry.Name.EndsWith(".checkpoint", StringComparison.Ordinal));
    }

    [Fact]
    public void A_standalone_voter_keeps_its_voters_in_every_snapshot()
    {
        var world = new QuorumWorld(8);
        world.Format(standalone: true);
        world.Start();
        world.Register();
        world.Simulation.Time.Advance(TimeSpan.FromMinutes(61));
        world.Driver.Close();
        world.Start();
        string state = System.Text.Encoding.UTF8.GetString(AtomicFile.Read(world.Simulation.Disk, "/data/__cluster_metadata-0/quorum-state")!);
        Assert.Contains("\"data_version\":1", state);
        Assert.Single(world.Driver.Current.Brokers);
    }

    [Theory]
    [InlineData(CrashKind.Process)]
    [InlineData(CrashKind.Power)]
    public void Whatever_was_answered_before_a_crash_is_there_after_it(CrashKind kind)
    {
        for (int change = 1; change < 90; change += 3)
        {
            var world = new QuorumWorld((ulong)(1000 + change));
            world.Format();
            world.Simulation.Disk.CrashAtChange(world.Simulation.Disk.ChangeCount + change, kind);
            var answered = new List<string>();
            try
            {
                world.Start();
                world.Register();
                for (int i = 0; i < 10; i++)
                {
                    world.CreateTopic("t" + i);
                    answered.Add("t" + i);
                }
            }
            catch (Exception) when (world.Simulation.Disk.HasCrashed)
            {
                // What the dead process would have said reaches nobody.
            }

            if (!world.Simulation.Disk.HasCrashed)
            {
                world.Simulation.Disk.CrashNow(kind);
            }

            world.Simulation.Restart();
            world.Start();
            Assert.All(answered, name => Assert.NotNull(world.Driver.Current.Topics.Find(name)));
            world.Register();
            Assert.All(world.Driver.Current.Topics.ById.Values, topic => Assert.Equal(1, topic.Partitions[0].Leader));
        }
    }

    [Fact]
    public void The_same_seed_leaves_the_same_bytes_on_the_disk()
    {
        Assert.Equal(Digest(), Digest());

        static string Digest()
        {
            var world = new QuorumWorld(42);
            world.Format();
            world.Start();
            world.Register();
            world.CreateTopic("a", 5);
            world.Driver.Close();
            return world.Simulation.Disk.Digest();
        }
    }

    [Fact]
    public void A_full_disk_fails_the_command_and_reports_the_quorum_as_failed()
    {
        var world = new QuorumWorld(9);
        world.Format();
        world.Start();
        world.Register();
        world.Simulation.Disk.FailUnder("/data/__cluster_metadata-0");
        Assert.ThrowsAny<IOException>(() => world.CreateTopic("a"));
        Assert.True(world.Driver.Failed.IsCompleted);
        Assert.ThrowsAny<IOException>(() => world.CreateTopic("b"));
    }
}
