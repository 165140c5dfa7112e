using Tidemark.Broker.Partitions;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Replication;
using Tidemark.Storage.Checkpoints;

namespace Tidemark.Broker.Tests.Simulation;

/// <summary>A follower on its way to another log directory while its log parts from a new leader's.</summary>
public sealed class MovedFollowerTests
{
    private static readonly TopicPartition s_name = new("t", 0);

    [Fact]
    public void What_the_new_leader_lacks_is_cut_off_the_copy_too()
    {
        var world = new BrokerWorld(3, directories: ["/data", "/other-data"]);
        Uuid id = world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(i, client.Produce("t", TestClient.Batch(valueBytes: 800_000)).BaseOffset);
        }

        Partition partition = world.Node.Partitions.Find(s_name)!;
        string target = partition.Log!.Directory.StartsWith("/data", StringComparison.Ordinal) ? "/other-data" : "/data";
        world.Quorum.Write(new ConfigRecord { ResourceType = 4, ResourceName = "1", Name = "replica.alter.log.dirs.io.max.bytes.per.second", Value = "400000" });
        client.Send(new AlterReplicaLogDirsRequest { Dirs = [new() { Path = target, Topics = [new() { Name = "t", Partitions = [0] }] }] }, 2);
        Assert.True(world.World.RunUntil(() => Copied(world) >= 4, BrokerWorld.Patience));

        world.Quorum.Write(new PartitionChangeRecord { TopicId = id, PartitionId = 0, Replicas = [1, 2], Isr = [1, 2], Leader = 2 });
        Assert.True(world.World.RunUntil(() => partition.Follower is not null, BrokerWorld.Patience));
        PartitionFollower role = partition.Follower!;
        var parted = new FollowerAnswer(role.Epoch, new Offset(8), ErrorCode.None, new Offset(2), Offset.Zero, new EpochEnd(new LeaderEpoch(0), new Offset(2)));
        Assert.Equal(FollowerAction.Truncate, partition.TakeAnswer(role, parted, []));
        for (int i = 2; i < 10; i++)
        {
            byte[] batch = TestClient.Batch(valueBytes: 800_000);
            RecordBatchHeader.Stamp(batch, new Offset(i), role.Epoch);
            Assert.Equal(FollowerAction.Append, partition.TakeAnswer(role, new FollowerAnswer(role.Epoch, new Offset(i), ErrorCode.None, new Offset(2), Offset.Zero), batch));
        }

        Assert.True(world.World.RunUntil(() => !world.Node.Directories.Futures.Any(), BrokerWorld.Patience));
        Assert.StartsWith(target, partition.Log.Directory, StringComparison.Ordinal);
        EpochStart[] epochs = [new EpochStart(new LeaderEpoch(0), Offset.Zero), new EpochStart(role.Epoch, new Offset(2))];
        Assert.Equal(epochs, partition.Log.Epochs.Entries.ToArray());
        Assert.Equal(10, partition.Log.LogEndOffset.Value);
    }

    private static long Copied(BrokerWorld world) =>
        world.Node.Directories.TryGetFuture(s_name, out Storage.Directories.StoredPartition future) ? future.Log.LogEndOffset.Value : 0;
}
