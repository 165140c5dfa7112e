using System.Text;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Disks;

namespace Tidemark.Broker.Tests.Simulation;

/// <summary>Compacted logs in a running broker.</summary>
public sealed class CompactedLogTests
{
    private const int BatchCount = 40;

    [Fact]
    public void A_crash_after_compaction_takes_nothing_for_lost_that_compaction_took_out()
    {
        var world = new BrokerWorld(3, config: [("log.segment.bytes", "1048576"), ("log.initial.task.delay.ms", "30000"), ("log.flush.offset.checkpoint.interval.ms", "3600000")]);
        world.Quorum.CreateTopic("c", 1, ("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01"));
        TestClient client = world.Connect();
        for (int i = 0; i < BatchCount; i++)
        {
            using var builder = new RecordBatchBuilder();
            builder.Append(1_767_225_600_000 + i, Encoding.ASCII.GetBytes($"key {i % 3}"), new byte[100_000]);
            Assert.Equal(ErrorCode.None, client.Produce("c", builder.Build().ToArray()).ErrorCode);
        }

        var name = new TopicPartition("c", 0);
        long before = world.Node.Partitions.Find(name)!.Log!.SizeBytes;
        Assert.True(world.World.RunUntil(() => world.Node.Partitions.Find(name)!.Log!.SizeBytes < before / 2, BrokerWorld.Patience));
        long after = world.Node.Partitions.Find(name)!.Log!.SizeBytes;

        world.World.Disk.CrashNow(CrashKind.Process);
        world.World.Restart();
        world.Boot();

        Assert.Equal(after, world.Node.Partitions.Find(name)!.Log!.SizeBytes);
        FetchResponse.PartitionData fetched = world.Connect().Fetch("c", BatchCount - 1);
        Assert.Equal(BatchCount, fetched.HighWatermark);
        Assert.NotEmpty(fetched.Records!.Value.ToArray());
    }
}
