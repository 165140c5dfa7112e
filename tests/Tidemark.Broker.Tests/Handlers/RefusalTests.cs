using System.Buffers.Binary;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>Requests for what this broker does not do, and those that are told apart by a detail.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_message_set_of_old_is_an_invalid_record_whatever_stands_where_batches_have_attributes(byte magic)
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        byte[] set = TestClient.Batch();
        set[16] = magic;
        BinaryPrimitives.WriteInt16BigEndian(set.AsSpan(21), 0x10);

        Assert.Equal(ErrorCode.InvalidRecord, world.Connect().Produce("t", set).ErrorCode);
    }

    [Fact]
    public void A_transactional_batch_without_a_transactional_id_is_not_authorized()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        byte[] batch = TestClient.Batch();
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(21), 0x10);

        Assert.Equal(ErrorCode.TransactionalIdAuthorizationFailed, world.Connect().Produce("t", batch).ErrorCode);
    }

    [Fact]
    public void An_epoch_below_all_known_ones_ends_where_the_first_begins_and_none_is_unknown()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(3));
        (int, long) End(int epoch)
        {
            OffsetForLeaderEpochResponse.EpochEndOffset answer = client.Ask<OffsetForLeaderEpochResponse>(
                new OffsetForLeaderEpochRequest { Topics = [new() { Topic = "t", Partitions = [new() { Partition = 0, LeaderEpoch = epoch }] }] }, 4)
                .Topics[0].Partitions[0];
            return (answer.LeaderEpoch, answer.EndOffset);
        }

        Assert.Equal((-2, 0L), End(-2));
        Assert.Equal((-1, -1L), End(-1));
        Assert.Equal((0, 3L), End(0));
    }

    [Theory]
    [InlineData(0, "__consumer_offsets")]
    [InlineData(1, "__transaction_state")]
    public void Asking_for_a_coordinator_makes_the_topic_of_its_state(sbyte type, string topic)
    {
        var world = new BrokerWorld();

        FindCoordinatorResponse response = world.Connect().Ask<FindCoordinatorResponse>(
            new FindCoordinatorRequest { KeyType = type, CoordinatorKeys = ["k"] }, 4);

        Assert.Equal(ErrorCode.CoordinatorNotAvailable, Assert.Single(response.Coordinators).ErrorCode);
        Assert.NotNull(world.Quorum.Image.Topics.Find(topic));
    }

    [Fact]
    public void A_listener_without_sasl_says_so_and_does_not_offer_it()
    {
        TestClient client = new BrokerWorld().Connect();

        SaslHandshakeResponse handshake = client.Ask<SaslHandshakeResponse>(new SaslHandshakeRequest { Mechanism = "PLAIN" }, 1);
        SaslAuthenticateResponse step = client.Ask<SaslAuthenticateResponse>(new SaslAuthenticateRequest { AuthBytes = "x"u8.ToArray() }, 2);
        ApiVersionsResponse offered = client.Ask<ApiVersionsResponse>(new ApiVersionsRequest(), 0);

        Assert.Equal((ErrorCode.IllegalSaslState, ErrorCode.IllegalSaslState), (handshake.ErrorCode, step.ErrorCode));
        Assert.Empty(handshake.Mechanisms);
        Assert.DoesNotContain(offered.ApiKeys, api => api.ApiKey is 17 or 36 or 71 or 72);
        Assert.Contains(offered.ApiKeys, api => api.ApiKey == 0);
    }

    [Fact]
    public void No_metrics_are_asked_for_and_what_is_pushed_needs_the_subscription()
    {
        TestClient client = new BrokerWorld().Connect();
        GetTelemetrySubscriptionsResponse Subscribe(Uuid id) => client.Ask<GetTelemetrySubscriptionsResponse>(new GetTelemetrySubscriptionsRequest { ClientInstanceId = id }, 0);
        ErrorCode Push(Uuid id, int subscription, sbyte codec = 0) => client.Ask<PushTelemetryResponse>(
            new PushTelemetryRequest { ClientInstanceId = id, SubscriptionId = subscription, CompressionType = codec }, 0).ErrorCode;
        Assert.True(Uuid.TryParse("Zm9vYmFyYmF6cXV4MTIzNA", out Uuid known));

        GetTelemetrySubscriptionsResponse answer = Subscribe(known);

        Assert.Equal((known, -1734799215), (answer.ClientInstanceId, answer.SubscriptionId));
        Assert.Empty(answer.RequestedMetrics);
        Assert.False(Subscribe(Uuid.Zero).ClientInstanceId.IsZero);
        Assert.Equal(ErrorCode.None, Push(known, -1734799215));
        Assert.Equal(ErrorCode.UnknownSubscriptionId, Push(known, 1));
        Assert.Equal(ErrorCode.UnsupportedCompressionType, Push(known, -1734799215, codec: 9));
        Assert.Equal(ErrorCode.InvalidRequest, Push(Uuid.Zero, 1));
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidFetchSize)]
    [InlineData(3, ErrorCode.None)]
    [InlineData(4, ErrorCode.OffsetOutOfRange)]
    public void A_limit_below_zero_matters_only_where_there_is_something_to_limit(long from, ErrorCode expected)
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(3));

        Assert.Equal(expected, client.Ask<FetchResponse>(TestClient.FetchOf("t", from, maxBytes: -1), 12).Responses[0].Partitions[0].ErrorCode);
    }

    [Theory]
    [InlineData("g:AAAAAAAAAAAAAAAAAAAAAQ:0", ErrorCode.CoordinatorNotAvailable)]
    [InlineData("a:b:AAAAAAAAAAAAAAAAAAAAAQ:1", ErrorCode.CoordinatorNotAvailable)]
    [InlineData("g:AAAAAAAAAAAAAAAAAAAAAQ:-1", ErrorCode.CoordinatorNotAvailable)]
    [InlineData("g:AAAAAAAAAAAAAAAAAAAAAQ:x", ErrorCode.InvalidRequest)]
    [InlineData("g:x:0", ErrorCode.InvalidRequest)]
    [InlineData("g", ErrorCode.InvalidRequest)]
    [InlineData("::", ErrorCode.InvalidRequest)]
    [InlineData("", ErrorCode.InvalidRequest)]
    public void The_coordinator_of_a_share_group_is_asked_for_by_group_topic_id_and_partition(string key, ErrorCode expected)
    {
        var world = new BrokerWorld();
        FindCoordinatorResponse answer = world.Connect().Ask<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 2, CoordinatorKeys = [key] }, 6);

        Assert.Equal(expected, Assert.Single(answer.Coordinators).ErrorCode);
    }
}
