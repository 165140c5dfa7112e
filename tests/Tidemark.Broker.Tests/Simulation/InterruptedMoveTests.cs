using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Simulation;

/// <summary>A replica on its way to another log directory when the broker dies.</summary>
public sealed class InterruptedMoveTests
{
    private static readonly TopicPartition s_name = new("t", 0);

    [Theory]
    [InlineData(CrashKind.Process)]
    [InlineData(CrashKind.Power)]
    public void A_move_goes_on_by_itself_after_a_crash(CrashKind kind)
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            BrokerWorld world = Moving(seed, batches: 8, valueBytes: 800_000, out string target);
            Assert.True(world.World.RunUntil(() => Copied(world) > 0, BrokerWorld.Patience), $"seed {seed}");
            Assert.True(Copied(world) < 8, $"seed {seed}");

            Restart(world, kind);
            TestClient client = world.Connect();
            long end = client.Produce("t", TestClient.Batch()).BaseOffset + 1;
            Assert.True(world.World.RunUntil(() => !world.Node.Directories.Futures.Any(), BrokerWorld.Patience), $"seed {seed}");

            Assert.Equal(end, client.Fetch("t", end - 1).HighWatermark);
            if (kind == CrashKind.Process)
            {
                // A loss of power may take unflushed records, and the copy's directory itself.
                Assert.Equal(9, end);
                Assert.Equal(target, Where(world));
            }
        }
    }

    [Fact]
    public void A_move_is_no_faster_than_the_rate_between_directories()
    {
        BrokerWorld world = Moving(11, batches: 8, valueBytes: 800_000, out string target, bytesPerSecond: 400_000);
        TimeSpan began = world.World.Time.Elapsed;
        Assert.True(world.World.RunUntil(() => !world.Node.Directories.Futures.Any() && Where(world) == target, BrokerWorld.Patience));

        // 6.4 MB in pieces of two seconds each; so few pieces in the windows' time are counted high.
        Assert.InRange((world.World.Time.Elapsed - began).TotalSeconds, 14, 22);
    }

    [Fact]
    public void Nothing_is_lost_whichever_step_of_the_move_a_crash_falls_into()
    {
        for (int change = 1; ; change++)
        {
            BrokerWorld world = Moving(7, batches: 3, valueBytes: 100, out string target, crashAtChange: change);
            world.World.RunUntil(() => Where(world) == target && !world.Node.Directories.Futures.Any(), TimeSpan.FromSeconds(5));
            if (!world.World.Disk.HasCrashed)
            {
                Assert.True(change > 5);
                return;
            }

            world.World.Restart();
            world.Boot();
            Assert.True(world.World.RunUntil(() => !world.Node.Directories.Futures.Any(), BrokerWorld.Patience), $"change {change}");
            FetchResponse.PartitionData fetched = world.Connect().Fetch("t", 0);
            Assert.Equal((ErrorCode.None, 3L), (fetched.ErrorCode, fetched.HighWatermark));
            Assert.Equal(3, world.Connect().Produce("t", TestClient.Batch()).BaseOffset);
        }
    }

    /// <summary>A broker with a topic whose replica it was told to move.</summary>
    private static BrokerWorld Moving(ulong seed, int batches, int valueBytes, out string target, int crashAtChange = 0, int? bytesPerSecond = null)
    {
        var world = new BrokerWorld(seed, directories: ["/data", "/other-data"]);
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        for (int i = 0; i < batches; i++)
        {
            Assert.Equal(i, client.Produce("t", TestClient.Batch(valueBytes: valueBytes)).BaseOffset);
        }

        target = Where(world) == "/data" ? "/other-data" : "/data";
        if (crashAtChange > 0)
        {
            world.World.Disk.CrashAtChange(world.World.Disk.ChangeCount + crashAtChange, CrashKind.Process);
        }

        if (bytesPerSecond is { } rate)
        {
            world.Quorum.Write(new ConfigRecord { ResourceType = 4, ResourceName = "1", Name = "replica.alter.log.dirs.io.max.bytes.per.second", Value = $"{rate}" });
        }

        client.Send(new AlterReplicaLogDirsRequest { Dirs = [new() { Path = target, Topics = [new() { Name = "t", Partitions = [0] }] }] }, 2);
        return world;
    }

    private static void Restart(BrokerWorld world, CrashKind kind)
    {
        world.World.Disk.CrashNow(kind);
        world.World.Restart();
        world.Boot();
    }

    private static string? Where(BrokerWorld world) => world.Node.Directories.TryGet(s_name, out StoredPartition stored) ? stored.Directory.Path : null;

    private static long Copied(BrokerWorld world) =>
        world.Node.Directories.TryGetFuture(s_name, out StoredPartition future) ? future.Log.LogEndOffset.Value : 0;
}
