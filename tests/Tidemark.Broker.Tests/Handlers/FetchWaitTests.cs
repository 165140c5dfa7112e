using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

public sealed class FetchWaitTests
{
    [Fact]
    public void A_fetch_at_the_end_waits_for_records_and_is_answered_when_they_come()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient reader = world.Connect();
        TimeSpan before = world.World.Time.Elapsed;
        int correlation = reader.Send(TestClient.FetchOf("t", 0, maxWaitMs: 30_000), 12);
        world.World.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, reader.Connection.AnswerCount);

        world.Connect().Produce("t", TestClient.Batch(2));
        FetchResponse answer = reader.Receive<FetchResponse>(ApiKey.Fetch, 12, correlation);

        Assert.Equal(2, answer.Responses[0].Partitions[0].HighWatermark);
        Assert.InRange((world.World.Time.Elapsed - before).TotalSeconds, 1, 2);
    }

    [Fact]
    public void A_fetch_is_answered_empty_when_its_time_is_up()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TimeSpan before = world.World.Time.Elapsed;

        FetchResponse.PartitionData fetched = world.Connect().Fetch("t", 0, maxWaitMs: 500);

        Assert.True(fetched.Records!.Value.IsEmpty);
        Assert.InRange((world.World.Time.Elapsed - before).TotalMilliseconds, 500, 520);
    }

    [Fact]
    public void A_fetch_does_not_wake_before_min_bytes_are_there()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", 2);
        TestClient reader = world.Connect();
        TestClient writer = world.Connect();
        byte[] batch = TestClient.Batch(1, valueBytes: 100);
        FetchRequest request = TestClient.FetchOf("t", 0, maxWaitMs: 30_000, minBytes: (batch.Length * 2) + 1);
        request.Topics[0].Partitions.Add(new() { Partition = 1, PartitionMaxBytes = 1 << 20 });
        int correlation = reader.Send(request, 12);

        writer.Produce("t", batch);
        writer.Produce("t", TestClient.Batch(1, valueBytes: 100), partition: 1);
        world.World.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, reader.Connection.AnswerCount);

        writer.Produce("t", TestClient.Batch(1, valueBytes: 100), partition: 1);
        FetchResponse answer = reader.Receive<FetchResponse>(ApiKey.Fetch, 12, correlation);
        Assert.Equal(3 * batch.Length, answer.Responses.Sum(t => t.Partitions.Sum(p => p.Records!.Value.Length)));
    }

    [Fact]
    public void A_deleted_topic_ends_the_wait()
    {
        var world = new BrokerWorld();
        Uuid id = world.Quorum.CreateTopic("t");
        TestClient reader = world.Connect();
        int correlation = reader.Send(TestClient.FetchOf("t", 0, maxWaitMs: 30_000), 12);
        world.World.Time.Advance(TimeSpan.FromSeconds(1));

        world.Quorum.Write(new RemoveTopicRecord { TopicId = id });
        FetchResponse answer = reader.Receive<FetchResponse>(ApiKey.Fetch, 12, correlation);

        Assert.NotEqual(ErrorCode.None, answer.Responses[0].Partitions[0].ErrorCode);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(12)]
    public void The_first_batch_is_given_whole_and_the_rest_only_where_it_fits(short version)
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        byte[] batch = TestClient.Batch(1, valueBytes: 200);
        client.Produce("t", batch);
        client.Produce("t", TestClient.Batch(1, valueBytes: 200));

        FetchResponse answer = client.Ask<FetchResponse>(TestClient.FetchOf("t", 0, maxBytes: 1), version);

        Assert.Equal(batch.Length, answer.Responses[0].Partitions[0].Records!.Value.Length);
    }
}
