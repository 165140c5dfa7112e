using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Disks;

namespace Tidemark.Broker.Tests.Handlers;

public sealed class ProduceAndFetchTests
{
    [Fact]
    public void What_was_produced_is_fetched_as_it_was_with_its_offsets()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();

        Assert.Equal(0, client.Produce("t", TestClient.Batch(3)).BaseOffset);
        ProduceResponse.PartitionProduceResponse second = client.Produce("t", TestClient.Batch(2));
        FetchResponse.PartitionData fetched = client.Fetch("t", 0);

        Assert.Equal(ErrorCode.None, second.ErrorCode);
        Assert.Equal(3, second.BaseOffset);
        Assert.Equal(5, fetched.HighWatermark);
        Assert.Equal([0L, 3L], BaseOffsets(fetched));
    }

    /// <summary>Clients are about that know the codec and ask in a version of before it; Apache Kafka refuses them no more since it stopped converting what it stores.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(9)]
    [InlineData(10)]
    public void A_topic_that_is_kept_in_zstd_is_fetched_in_every_version(short version)
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", 1, ("compression.type", "zstd"));
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(3));

        FetchResponse.PartitionData fetched = client.Fetch("t", 0, version: version);

        Assert.Equal((ErrorCode.None, 3L), (fetched.ErrorCode, fetched.HighWatermark));
        Assert.Equal([0L], BaseOffsets(fetched));
    }

    [Fact]
    public void Records_survive_a_clean_stop_and_a_start()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        world.Connect().Produce("t", TestClient.Batch(4));
        world.Stop();
        world.Boot();

        FetchResponse.PartitionData fetched = world.Connect().Fetch("t", 0);

        Assert.Equal(4, fetched.HighWatermark);
        Assert.Equal([0L], BaseOffsets(fetched));
    }

    [Fact]
    public void An_acknowledged_batch_survives_the_death_of_the_process()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        world.Connect().Produce("t", TestClient.Batch(4));
        world.World.Disk.CrashNow(CrashKind.Process);
        world.World.Restart();
        world.Boot();

        Assert.Equal(4, world.Connect().Fetch("t", 0).HighWatermark);
    }

    [Fact]
    public void An_unknown_topic_and_an_unknown_partition_are_told_apart_by_nothing_but_their_names()
    {
        var world = new BrokerWorld();
        Uuid id = world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, client.Produce("nope", TestClient.Batch()).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, client.Produce("t", TestClient.Batch(), partition: 7).ErrorCode);
        ProduceRequest byId = TestClient.ProduceOf("", TestClient.Batch());
        byId.TopicData[0].TopicId = new Uuid(1, 1);
        Assert.Equal(
            ErrorCode.UnknownTopicId,
            client.Ask<ProduceResponse>(byId, 13).Responses[0].PartitionResponses[0].ErrorCode);
        byId.TopicData[0].TopicId = id;
        Assert.Equal(
            ErrorCode.None,
            client.Ask<ProduceResponse>(byId, 13).Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Fact]
    public void Of_a_partition_named_twice_the_last_batch_counts()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        ProduceRequest request = TestClient.ProduceOf("t", TestClient.Batch(1));
        request.TopicData[0].PartitionData.Add(new() { Index = 0, Records = TestClient.Batch(2) });

        ProduceResponse response = client.Ask<ProduceResponse>(request, 9);

        Assert.Equal(0, Assert.Single(Assert.Single(response.Responses).PartitionResponses).BaseOffset);
        Assert.Equal(2, client.Fetch("t", 0).HighWatermark);
    }

    [Fact]
    public void With_acks_0_nothing_is_answered_and_a_failure_ends_the_connection()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();

        client.Send(TestClient.ProduceOf("t", TestClient.Batch(2), acks: 0), 9);
        Assert.Equal(2, client.Fetch("t", 0).HighWatermark);
        client.Send(TestClient.ProduceOf("nope", TestClient.Batch(), acks: 0), 9);
        world.World.RunUntil(() => client.Connection.IsClosed, BrokerWorld.Patience);

        Assert.Contains("UNKNOWN_TOPIC_OR_PARTITION", client.Connection.CloseReason);
    }

    [Fact]
    public void A_corrupt_batch_is_refused_and_wrong_acks_too()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        byte[] corrupt = TestClient.Batch();
        corrupt[^1] ^= 1;

        Assert.Equal(ErrorCode.CorruptMessage, client.Produce("t", corrupt).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequiredAcks, client.Produce("t", TestClient.Batch(), acks: 2).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRecord, client.Produce("t", []).ErrorCode);
    }

    [Fact]
    public void A_duplicate_is_answered_with_the_first_offset_and_not_appended()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(2));
        byte[] batch = TestClient.Batch(3, producerId: 5, epoch: 0, sequence: 0);

        long first = client.Produce("t", batch).BaseOffset;
        long again = client.Produce("t", TestClient.Batch(3, producerId: 5, epoch: 0, sequence: 0)).BaseOffset;

        Assert.Equal(2, first);
        Assert.Equal(first, again);
        Assert.Equal(5, client.Fetch("t", 0).HighWatermark);
    }

    [Fact]
    public void A_failing_disk_answers_a_storage_error_and_the_broker_stops_when_none_is_left()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch());
        world.World.Disk.FailUnder("/data");

        Assert.Equal(ErrorCode.KafkaStorageError, client.Produce("t", TestClient.Batch()).ErrorCode);
        Assert.True(world.World.RunUntil(() => world.Node.Failed.IsCompleted, BrokerWorld.Patience));
        Assert.Equal(ErrorCode.KafkaStorageError, client.Produce("t", TestClient.Batch()).ErrorCode);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_the_disk()
    {
        Assert.Equal(Digest(7), Digest(7));

        static string Digest(ulong seed)
        {
            var world = new BrokerWorld(seed);
            world.Quorum.CreateTopic("t", 3);
            TestClient client = world.Connect();
            for (int i = 0; i < 20; i++)
            {
                client.Produce("t", TestClient.Batch(1 + (i % 3)), partition: i % 3);
            }

            world.Stop();
            return world.World.Disk.Digest();
        }
    }

    private static long[] BaseOffsets(FetchResponse.PartitionData fetched)
    {
        List<long> found = [];
        for (ReadOnlySpan<byte> rest = fetched.Records!.Value.Span; rest.Length > 0;)
        {
            var header = new RecordBatchHeader(rest);
            Assert.True(header.CrcIsValid());
            found.Add(header.BaseOffset.Value);
            rest = rest[(int)header.SizeInBytes..];
        }

        return [.. found];
    }
}
