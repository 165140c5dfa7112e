using System.Text;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Configuration;

/// <summary>What is set while the broker runs counts at once.</summary>
public sealed class RunTimeConfigTests
{
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public void A_broker_asks_to_be_let_go_unless_it_is_told_not_to(string enable)
    {
        var world = new BrokerWorld(config: ("controlled.shutdown.enable", enable));
        world.Stop();
        Assert.Equal(enable == "true", world.Quorum.WasAskedToLetGo);
    }

    [Fact]
    public void Compaction_begins_when_a_shorter_rest_is_set()
    {
        const int BatchCount = 30;
        var world = new BrokerWorld(config: [("log.segment.bytes", "1048576"), ("log.cleaner.backoff.ms", "36000000"), ("log.initial.task.delay.ms", "0")]);
        world.World.Time.Advance(TimeSpan.FromSeconds(1));
        world.Quorum.CreateTopic("c", 1, ("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01"));
        TestClient client = world.Connect();
        for (int i = 0; i < BatchCount; i++)
        {
            using var builder = new RecordBatchBuilder();
            builder.Append(1_767_225_600_000 + i, Encoding.ASCII.GetBytes($"key {i % 3}"), new byte[100_000]);
            Assert.Equal(ErrorCode.None, client.Produce("c", builder.Build().ToArray()).ErrorCode);
        }

        long Size() => world.Node.Partitions.Find(new TopicPartition("c", 0))!.Log!.SizeBytes;
        long before = Size();
        Assert.False(world.World.RunUntil(() => Size() < before, BrokerWorld.Patience));

        Set(world, "log.cleaner.backoff.ms", "1000");

        Assert.True(world.World.RunUntil(() => Size() < before / 2, BrokerWorld.Patience));
    }

    [Theory]
    [InlineData("flush.ms", "1000", 1)]
    [InlineData("flush.messages", "3", 3)]
    public void A_topic_is_flushed_when_its_time_is_up_or_its_records_are_many_enough(string key, string value, int batches)
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("f", 1, (key, value));
        world.Quorum.CreateTopic("never");
        long Flushed(string topic) => world.Node.Partitions.Find(new TopicPartition(topic, 0))!.Log!.RecoveryPoint.Value;
        TestClient client = world.Connect();
        for (int i = 0; i < batches; i++)
        {
            Assert.Equal(0, Flushed("f"));
            client.Produce("f", TestClient.Batch());
            client.Produce("never", TestClient.Batch());
        }

        Assert.True(world.World.RunUntil(() => Flushed("f") == batches, BrokerWorld.Patience));
        Assert.Equal(0, Flushed("never"));
    }

    [Fact]
    public void A_topic_is_flushed_by_time_from_when_that_is_set_until_it_is_not_and_after_a_restart()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("f");
        long Flushed() => world.Node.Partitions.Find(new TopicPartition("f", 0))!.Log!.RecoveryPoint.Value;
        void Write(string? value) => world.Quorum.Write(new ConfigRecord { ResourceType = 2, ResourceName = "f", Name = "flush.ms", Value = value });
        world.Connect().Produce("f", TestClient.Batch());
        Assert.False(world.World.RunUntil(() => Flushed() == 1, BrokerWorld.Patience));

        Write("1000");
        Assert.True(world.World.RunUntil(() => Flushed() == 1, BrokerWorld.Patience), "not flushed once it was set");

        world.World.Disk.CrashNow(CrashKind.Process);
        world.World.Restart();
        world.Boot();
        world.Connect().Produce("f", TestClient.Batch());
        Assert.True(world.World.RunUntil(() => Flushed() == 2, BrokerWorld.Patience), "not flushed after the restart");

        Write(null);
        world.Connect().Produce("f", TestClient.Batch());
        Assert.False(world.World.RunUntil(() => Flushed() == 3, BrokerWorld.Patience));
    }

    [Fact]
    public void Files_of_deleted_topics_go_after_the_delay_that_is_set()
    {
        var world = new BrokerWorld(config: [("log.segment.delete.delay.ms", "36000000")]);
        Uuid id = world.Quorum.CreateTopic("d");
        Set(world, "log.segment.delete.delay.ms", "1000");
        world.Quorum.Write(new RemoveTopicRecord { TopicId = id });

        bool IsThere() => world.World.Disk.List("/data").Any(entry => entry.Name.StartsWith("d-0.", StringComparison.Ordinal));
        Assert.True(IsThere());
        Assert.True(world.World.RunUntil(() => !IsThere(), BrokerWorld.Patience));
    }

    [Fact]
    public void A_directory_that_is_cordoned_gets_no_new_partitions_and_the_controller_knows()
    {
        var world = new BrokerWorld(directories: ["/data", "/other-data"]);
        LogDirectory cordoned = world.Node.Directories.All[0];
        Set(world, "cordoned.log.dirs", cordoned.Path);
        world.Quorum.CreateTopic("t", 4);

        Assert.Equal([cordoned.Id], world.Quorum.Cordoned);
        Assert.All(world.Node.Directories.Partitions, stored => Assert.NotSame(cordoned, stored.Directory));

        world.Stop();
        world.Boot();
        Assert.Equal([cordoned.Id], world.Quorum.Cordoned);

        Set(world, "cordoned.log.dirs", null);
        Assert.Empty(world.Quorum.Cordoned);
        world.Quorum.CreateTopic("u", 4);
        Assert.Contains(world.Node.Directories.Partitions, stored => stored.Directory.Path == cordoned.Path);
    }

    private static void Set(BrokerWorld world, string key, string? value) =>
        world.Quorum.Write(new ConfigRecord { ResourceType = 4, ResourceName = "1", Name = key, Value = value });
}
