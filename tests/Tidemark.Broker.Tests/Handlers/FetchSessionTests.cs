using System.Buffers.Binary;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

public sealed class FetchSessionTests
{
    private static FetchRequest InSession(FetchRequest request, int id, int epoch)
    {
        request.SessionId = id;
        request.SessionEpoch = epoch;
        return request;
    }

    private static FetchRequest Next(int id, int epoch) => new() { MinBytes = 1, MaxBytes = 1 << 20, SessionId = id, SessionEpoch = epoch };

    [Fact]
    public void An_incremental_answer_names_only_what_changed()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", 2);
        TestClient client = world.Connect();
        FetchRequest full = InSession(TestClient.FetchOf("t", 0), 0, 0);
        full.Topics[0].Partitions.Add(new() { Partition = 1, PartitionMaxBytes = 1 << 20 });
        FetchResponse first = client.Ask<FetchResponse>(full, 12);
        int id = first.SessionId;
        Assert.NotEqual(0, id);
        Assert.Equal(2, first.Responses[0].Partitions.Count);

        Assert.Empty(client.Ask<FetchResponse>(Next(id, 1), 12).Responses);
        client.Produce("t", TestClient.Batch(), partition: 1);
        FetchResponse changed = client.Ask<FetchResponse>(Next(id, 2), 12);

        Assert.Equal(1, Assert.Single(Assert.Single(changed.Responses).Partitions).PartitionIndex);
    }

    /// <summary>Its follower took nothing but the place to cut at; an idle partition's high watermark would never have reached it.</summary>
    [Fact]
    public void A_session_that_begins_with_a_diverging_log_still_tells_the_high_watermark_afterwards()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch());
        FetchRequest ahead = InSession(TestClient.FetchOf("t", 5), 0, 0);
        ahead.Topics[0].Partitions[0].LastFetchedEpoch = 0;
        FetchResponse diverging = client.Ask<FetchResponse>(ahead, 12);
        Assert.Equal(1, diverging.Responses[0].Partitions[0].DivergingEpoch.EndOffset);

        FetchRequest next = Next(diverging.SessionId, 1);
        next.Topics.Add(new() { Topic = "t", Partitions = [new() { Partition = 0, FetchOffset = 1, LastFetchedEpoch = 0, PartitionMaxBytes = 1 << 20 }] });

        Assert.Equal(1, Assert.Single(Assert.Single(client.Ask<FetchResponse>(next, 12).Responses).Partitions).HighWatermark);
        Assert.Empty(client.Ask<FetchResponse>(Next(diverging.SessionId, 2), 12).Responses);
    }

    [Fact]
    public void A_session_that_is_unknown_or_at_another_epoch_or_mixes_names_and_ids_is_refused()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        int id = client.Ask<FetchResponse>(InSession(TestClient.FetchOf("t", 0), 0, 0), 12).SessionId;

        Assert.Equal(ErrorCode.FetchSessionIdNotFound, client.Ask<FetchResponse>(Next(id ^ 1, 1), 12).ErrorCode);
        Assert.Equal(ErrorCode.InvalidFetchSessionEpoch, client.Ask<FetchResponse>(Next(id, 5), 12).ErrorCode);
        Assert.Equal(ErrorCode.FetchSessionTopicIdError, client.Ask<FetchResponse>(Next(id, 1), 13).ErrorCode);
        Assert.Equal(ErrorCode.None, client.Ask<FetchResponse>(Next(id, 1), 12).ErrorCode);
    }

    [Fact]
    public void A_session_whose_last_partition_is_forgotten_ends()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        int id = client.Ask<FetchResponse>(InSession(TestClient.FetchOf("t", 0), 0, 0), 12).SessionId;
        FetchRequest forget = Next(id, 1);
        forget.ForgottenTopicsData.Add(new() { Topic = "t", Partitions = [0] });

        Assert.Equal(0, client.Ask<FetchResponse>(forget, 12).SessionId);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, client.Ask<FetchResponse>(Next(id, 2), 12).ErrorCode);
    }

    [Fact]
    public void A_partition_that_a_session_names_again_is_read_from_its_new_offset_and_named_twice_the_last_counts()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch());
        FetchResponse first = client.Ask<FetchResponse>(InSession(TestClient.FetchOf("t", 0), 0, 0), 12);
        client.Produce("t", TestClient.Batch());
        FetchRequest again = InSession(TestClient.FetchOf("t", 0), first.SessionId, 1);
        again.Topics.Add(new() { Topic = "t", Partitions = [new() { Partition = 0, FetchOffset = 1, PartitionMaxBytes = 1 << 20 }] });
        long BaseOffset(FetchResponse response) =>
            BinaryPrimitives.ReadInt64BigEndian(Assert.Single(Assert.Single(response.Responses).Partitions).Records!.Value.Span);

        Assert.Equal(0, BaseOffset(first));
        Assert.Equal(1, BaseOffset(client.Ask<FetchResponse>(again, 12)));
        Assert.Equal(1, BaseOffset(client.Ask<FetchResponse>(Next(first.SessionId, 2), 12)));
    }

    [Fact]
    public void A_topic_that_is_deleted_under_a_session_is_unknown_and_its_successor_is_another()
    {
        var world = new BrokerWorld();
        Uuid topic = world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        FetchRequest full = InSession(TestClient.FetchOf("t", 0), 0, 0);
        full.Topics[0].TopicId = topic;
        int id = client.Ask<FetchResponse>(full, 13).SessionId;
        ErrorCode Error(int epoch) => client.Ask<FetchResponse>(Next(id, epoch), 13).Responses[0].Partitions[0].ErrorCode;

        world.Quorum.Write(new RemoveTopicRecord { TopicId = topic });
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Error(1));
        world.Quorum.CreateTopic("t");
        Assert.Equal(ErrorCode.InconsistentTopicId, Error(2));

        FetchRequest stranger = TestClient.FetchOf("t", 0);
        stranger.Topics[0].TopicId = topic;
        Assert.Equal(ErrorCode.UnknownTopicId, client.Ask<FetchResponse>(stranger, 13).Responses[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public void No_session_is_given_when_all_places_are_taken()
    {
        var world = new BrokerWorld(config: [("max.incremental.fetch.session.cache.slots", "2")]);
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();

        int[] ids = [.. Enumerable.Range(0, 3).Select(_ => client.Ask<FetchResponse>(InSession(TestClient.FetchOf("t", 0), 0, 0), 12).SessionId)];

        Assert.NotEqual(0, ids[0]);
        Assert.NotEqual(0, ids[1]);
        Assert.Equal(0, ids[2]);
        world.World.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.NotEqual(0, client.Ask<FetchResponse>(InSession(TestClient.FetchOf("t", 0), 0, 0), 12).SessionId);
    }

    [Fact]
    public void A_follower_takes_the_place_of_a_consumer_that_has_only_come()
    {
        var world = new BrokerWorld(config: [("max.incremental.fetch.session.cache.slots", "2")]);
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        int[] ids = [.. new[] { -1, -1, 2, 2, 2, -1 }.Select(SessionOf)];

        Assert.Equal([true, true, true, true, false, false], ids.Select(id => id != 0));

        int SessionOf(int replica)
        {
            FetchRequest request = InSession(TestClient.FetchOf("t", 0), 0, 0);
            request.ReplicaId = replica;
            return client.Ask<FetchResponse>(request, 12).SessionId;
        }
    }
}
