using Tidemark.Broker.Partitions;
using Tidemark.Primitives;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>Consumers at the nearest replica (KIP-392).</summary>
public sealed class ReadReplicaTests
{
    private readonly ReplicaSet _set = new(1, 2, 3) { MinInsyncReplicas = 1 };

    public ReadReplicaTests()
    {
        _set.Elect(1, [1, 2, 3]);
        _set.Write(1, "a", "b");
        _set.Fetch(3);
        _set.Fetch(3);
        _set.Fetch(2);
        _set.Fetch(2);
    }

    [Fact]
    public void A_leader_sends_a_consumer_to_the_replica_of_its_rack_and_gives_it_nothing()
    {
        PartitionReadResult read = Read(1, 0, "rack-2");

        Assert.Equal(new BrokerId(2), read.PreferredReplica);
        Assert.Equal(0, read.Bytes);
        Assert.Equal(2, read.HighWatermark.Value);
    }

    [Theory]
    [InlineData("rack-1")]
    [InlineData("rack-9")]
    public void A_leader_serves_those_of_its_own_rack_and_of_racks_without_a_replica(string rack)
    {
        PartitionReadResult read = Read(1, 0, rack);

        Assert.Null(read.PreferredReplica);
        Assert.NotEqual(0, read.Bytes);
        read.Slice?.Dispose();
    }

    [Fact]
    public void A_leader_names_no_replica_that_has_not_got_as_far_as_the_consumer()
    {
        _set.Write(1, "c");
        _set.Fetch(3);
        _set.Fetch(3);

        Assert.Null(Read(1, 3, "rack-2").PreferredReplica);
        Assert.Equal(new BrokerId(3), Read(1, 3, "rack-3").PreferredReplica);
    }

    [Fact]
    public void A_leader_names_no_replica_that_left_the_in_sync_replicas()
    {
        _set.Elect(1, [1, 3]);
        _set.Fetch(2);

        Assert.Null(Read(1, 0, "rack-2").PreferredReplica);
    }

    [Fact]
    public void A_follower_serves_up_to_its_high_watermark_waits_within_its_log_and_refuses_beyond()
    {
        _set.Write(1, "c");
        _set.Fetch(2);

        using (Storage.Logs.LogSlice slice = Read(2, 0, "rack-2").Slice!)
        {
            Assert.NotEqual(0, slice.Length);
        }

        PartitionReadResult within = Read(2, 3, "rack-2");
        Assert.Equal(ErrorCode.None, within.Error);
        Assert.Equal(0, within.Bytes);
        Assert.Equal(2, within.HighWatermark.Value);
        within.Slice?.Dispose();
        Assert.Equal(ErrorCode.OffsetOutOfRange, Read(2, 4, "rack-2").Error);
    }

    private PartitionReadResult Read(int broker, long from, string rack) => _set[broker].Read(new PartitionRead(
        new Offset(from), 1 << 20, AtLeastOneBatch: true, ReadCommitted: false, LeaderEpoch.Unknown, LeaderEpoch.Unknown, MayReadAtFollower: true,
        Rack: new ReaderRack(rack, id => $"rack-{id}")));
}
