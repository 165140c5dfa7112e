using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Connections;

public sealed class ClientConnectionTests
{
    [Fact]
    public void Answers_come_in_the_order_of_the_requests_though_the_first_waits()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        int fetch = client.Send(TestClient.FetchOf("t", 0, maxWaitMs: 5_000), 12);
        int produce = client.Send(TestClient.ProduceOf("t", TestClient.Batch()), 9);

        FetchResponse fetched = client.Receive<FetchResponse>(ApiKey.Fetch, 12, fetch);
        ProduceResponse produced = client.Receive<ProduceResponse>(ApiKey.Produce, 9, produce);

        Assert.Equal(1, fetched.Responses[0].Partitions[0].HighWatermark);
        Assert.Equal(ErrorCode.None, produced.Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Fact]
    public void Many_pipelined_requests_are_all_answered()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        int[] sent = [.. Enumerable.Range(0, 300).Select(_ => client.Send(TestClient.ProduceOf("t", TestClient.Batch()), 9))];

        for (int i = 0; i < sent.Length; i++)
        {
            Assert.Equal(i, client.Receive<ProduceResponse>(ApiKey.Produce, 9, sent[i]).Responses[0].PartitionResponses[0].BaseOffset);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0, 18, 0 })]
    [InlineData(new byte[] { 0, 4, 0, 0, 0, 0, 0, 7, 0xff, 0xff })]
    [InlineData(new byte[] { 3, 0xe7, 0, 0, 0, 0, 0, 7, 0xff, 0xff })]
    [InlineData(new byte[] { 0xff, 0xff, 0, 0, 0, 0, 0, 7, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 2, 0, 0, 0, 7, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 3, 0, 1, 0, 0, 0, 7, 0x7f, 0xff })]
    public void A_request_that_cannot_be_read_ends_its_connection_and_no_other(byte[] frame)
    {
        var world = new BrokerWorld();
        TestClient other = world.Connect();
        TestClient client = world.Connect();

        client.Connection.SendRequest(frame);
        Assert.True(world.World.RunUntil(() => client.Connection.IsClosed, BrokerWorld.Patience));

        Assert.NotNull(client.Connection.CloseReason);
        Assert.Equal(ErrorCode.None, other.Ask<ApiVersionsResponse>(new ApiVersionsRequest(), 0).ErrorCode);
    }

    [Theory]
    [InlineData((short)5)]
    [InlineData((short)-1)]
    [InlineData(short.MaxValue)]
    public void An_unknown_version_of_ApiVersions_is_answered_in_version_0(short version)
    {
        var world = new BrokerWorld();
        TestClient client = world.Connect();
        byte[] frame = [0, 18, (byte)(version >> 8), (byte)version, 0, 0, 0, 7, 0xff, 0xff, 0];

        client.Connection.SendRequest(frame);
        byte[] answer = client.Connection.AwaitAnswer(BrokerWorld.Patience)!;
        var reader = new WireReader(answer);
        Assert.Equal(7, reader.ReadInt32());
        ApiVersionsResponse response = ApiVersionsResponse.Read(ref reader, 0);

        Assert.Equal(ErrorCode.UnsupportedVersion, response.ErrorCode);
        ApiVersionsResponse.ApiVersion own = Assert.Single(response.ApiKeys);
        Assert.Equal((18, 0, 4), (own.ApiKey, own.MinVersion, own.MaxVersion));
    }

    [Theory]
    [InlineData("ask", "1.0-x.y", ErrorCode.None)]
    [InlineData("", "1.0", ErrorCode.InvalidRequest)]
    [InlineData("bad name", "1.0", ErrorCode.InvalidRequest)]
    [InlineData("-ask", "1.0", ErrorCode.InvalidRequest)]
    [InlineData("ask", "1_0", ErrorCode.InvalidRequest)]
    public void The_names_of_client_software_are_checked(string name, string version, ErrorCode expected)
    {
        var world = new BrokerWorld();

        ApiVersionsResponse response = world.Connect().Ask<ApiVersionsResponse>(
            new ApiVersionsRequest { ClientSoftwareName = name, ClientSoftwareVersion = version }, 4);

        Assert.Equal(expected, response.ErrorCode);
    }

    [Fact]
    public void Produce_is_advertised_from_0_and_everything_else_as_it_is_served()
    {
        var world = new BrokerWorld();

        ApiVersionsResponse response = world.Connect().Ask<ApiVersionsResponse>(
            new ApiVersionsRequest { ClientSoftwareName = "a", ClientSoftwareVersion = "1" }, 3);

        Assert.Equal(0, response.ApiKeys.Single(k => k.ApiKey == 0).MinVersion);
        Assert.Equal(4, response.ApiKeys.Single(k => k.ApiKey == 1).MinVersion);
        Assert.Equal(5, response.ApiKeys.Single(k => k.ApiKey == (short)ApiKey.InitProducerId).MaxVersion);
        Assert.All(response.SupportedFeatures, f => Assert.True(f.MinVersion > 0));
    }

    [Fact]
    public void A_stopping_broker_answers_what_it_has_in_hand_and_closes()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Send(TestClient.FetchOf("t", 0, maxWaitMs: 1_000), 12);
        world.World.Time.Advance(TimeSpan.FromMilliseconds(100));

        world.Stop();

        Assert.Equal(1, client.Connection.AnswerCount);
        Assert.True(client.Connection.IsClosed);
    }
}
