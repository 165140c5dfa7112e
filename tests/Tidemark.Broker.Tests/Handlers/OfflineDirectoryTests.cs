using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>A replica whose directory failed is here and cannot be read: nobody is to look for it elsewhere by that answer.</summary>
public sealed class OfflineDirectoryTests
{
    private const int Elsewhere = 2;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_in_a_directory_that_failed_is_a_storage_error_to_whoever_asks_for_it(bool anotherLeads)
    {
        var world = new BrokerWorld(directories: ["/data", "/other"]);
        Uuid id = world.Quorum.CreateTopic("t", 2);
        TestClient client = world.Connect();
        int lost = Enumerable.Range(0, 2).Single(number => world.Node.Partitions.Find(new TopicPartition("t", number))!.Log!.Directory.StartsWith("/other/", StringComparison.Ordinal));
        world.World.Disk.FailUnder("/other");
        Assert.Equal(ErrorCode.KafkaStorageError, client.Produce("t", TestClient.Batch(), lost).ErrorCode);
        if (anotherLeads)
        {
            world.Quorum.Write(new PartitionChangeRecord { TopicId = id, PartitionId = lost, Replicas = [1, Elsewhere], Isr = [Elsewhere], Leader = Elsewhere });
        }

        Assert.Equal(ErrorCode.KafkaStorageError, client.Produce("t", TestClient.Batch(), lost).ErrorCode);
        Assert.Equal(ErrorCode.KafkaStorageError, client.Fetch("t", 0, lost).ErrorCode);
        Assert.Equal(ErrorCode.KafkaStorageError, client.Ask<ListOffsetsResponse>(
            new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = lost, Timestamp = -1, CurrentLeaderEpoch = -1 }] }] },
            9).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.KafkaStorageError, client.Ask<OffsetForLeaderEpochResponse>(
            new OffsetForLeaderEpochRequest { ReplicaId = -1, Topics = [new() { Topic = "t", Partitions = [new() { Partition = lost, CurrentLeaderEpoch = -1 }] }] },
            4).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.KafkaStorageError, client.Ask<DeleteRecordsResponse>(
            new DeleteRecordsRequest { Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = lost, Offset = -1 }] }] },
            2).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.None, client.Produce("t", TestClient.Batch(), 1 - lost).ErrorCode);
    }
}
