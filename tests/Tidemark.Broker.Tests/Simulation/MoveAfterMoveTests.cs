using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Replicating;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Simulation;

/// <summary>A replica that is told to move on while a move of it ends.</summary>
public sealed class MoveAfterMoveTests
{
    private static readonly TopicPartition s_name = new("t", 0);

    [Fact]
    public void A_replica_is_sent_back_as_soon_as_it_is_seen_to_have_moved()
    {
        var world = new BrokerWorld(3, directories: ["/data", "/other-data"]);
        world.Quorum.CreateTopic("t");
        Assert.Equal(0, world.Connect().Produce("t", TestClient.Batch()).BaseOffset);
        LogDirectory home = Where(world);
        LogDirectory other = world.Node.Directories.All.Single(directory => directory != home);
        using var delays = new DelayQueue(world.World.Environment.Time);
        var throttles = new ReplicationThrottles(world.Node.Cluster, BrokerConfig.Parse([], out _), world.World.Environment.Time);
        var mover = new ReplicaMover(world.Node.Directories, world.World.Background, delays, throttles.Directories, NullLogger.Instance);
        var moves = new List<LogDirectory>();
        mover.OnMoved = (partition, directory) =>
        {
            moves.Add(directory);
            if (directory == other)
            {
                Assert.Equal(ErrorCode.None, mover.Move(partition, home));
            }
        };

        Assert.Equal(ErrorCode.None, mover.Move(world.Node.Partitions.Find(s_name)!, other));

        Assert.True(world.World.RunUntil(() => moves.Count == 2, BrokerWorld.Patience), "the way back was not begun");
        Assert.Same(home, Where(world));
        Assert.Empty(world.Node.Directories.Futures);
        Assert.Equal(1, world.Connect().Produce("t", TestClient.Batch()).BaseOffset);
    }

    private static LogDirectory Where(BrokerWorld world) =>
        world.Node.Directories.TryGet(s_name, out StoredPartition stored) ? stored.Directory : throw new InvalidOperationException("the replica is nowhere");
}
