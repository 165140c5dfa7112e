using Tidemark.Broker.Connections;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Connections;

namespace Tidemark.Broker.Tests.Connections;

/// <summary>The controller's listeners are for controllers' affairs, and clients' requests end the connection there, as in Kafka.</summary>
public sealed class ControllerListenerTests
{
    private readonly SimulatedCluster _cluster = new(1, 1);

    public ControllerListenerTests()
    {
        _cluster.StartAll();
        Assert.True(_cluster.RunUntil(() => _cluster[1].Started.IsCompleted, BrokerWorld.Patience));
    }

    [Fact]
    public void It_advertises_what_Kafkas_does_and_nothing_of_clients()
    {
        List<ApiKey> told = [.. Controller().Ask<ApiVersionsResponse>(new ApiVersionsRequest(), 0).ApiKeys.Select(api => (ApiKey)api.ApiKey)];

        Assert.Contains(ApiKey.ApiVersions, told);
        Assert.Contains(ApiKey.DescribeCluster, told);
        Assert.All(told, api => Assert.True(MessageCatalog.Api(api).OnController, api.ToString()));
        Assert.Contains(Connect("PLAINTEXT").Ask<ApiVersionsResponse>(new ApiVersionsRequest(), 0).ApiKeys, api => api.ApiKey == (short)ApiKey.Metadata);
    }

    [Fact]
    public void A_clients_request_ends_the_connection()
    {
        TestClient client = Controller();
        client.Send(new MetadataRequest(), 12);

        Assert.True(_cluster.RunUntil(() => client.Connection.IsClosed, BrokerWorld.Patience));
    }

    [Fact]
    public void Each_kind_of_endpoint_is_told_on_its_own_listeners()
    {
        DescribeClusterResponse Ask(TestClient client, sbyte type) => client.Ask<DescribeClusterResponse>(new DescribeClusterRequest { EndpointType = type }, 2);

        DescribeClusterResponse controllers = Ask(Controller(), 2);
        Assert.Equal((ErrorCode.None, 2, 1), (controllers.ErrorCode, controllers.EndpointType, controllers.ControllerId));
        Assert.Equal(ErrorCode.MismatchedEndpointType, Ask(Controller(), 1).ErrorCode);
        Assert.Equal(ErrorCode.MismatchedEndpointType, Ask(Connect("PLAINTEXT"), 2).ErrorCode);
        Assert.Single(Ask(Connect("PLAINTEXT"), 1).Brokers);
        Assert.Equal(ErrorCode.InvalidRequest, Controller().Ask<DescribeClusterResponse>(new DescribeClusterRequest(), 0).ErrorCode);
    }

    [Theory]
    [InlineData("", "7F000001")]
    [InlineData("0000", "7F000001")]
    [InlineData("0012000000000001FFFF", "7F")]
    public void An_envelope_without_address_or_request_is_refused_and_the_connection_goes_on(string request, string address)
    {
        TestClient client = Controller();
        var envelope = new EnvelopeRequest { RequestData = Convert.FromHexString(request), ClientHostAddress = Convert.FromHexString(address) };

        Assert.Equal(ErrorCode.InvalidRequest, client.Ask<EnvelopeResponse>(envelope, 0).ErrorCode);
        Assert.Equal(ErrorCode.UnsupportedVersion, client.Ask<EnvelopeResponse>(With("FFFF000000000001FFFF"), 0).ErrorCode);

        EnvelopeRequest With(string inner) => new() { RequestData = Convert.FromHexString(inner), ClientHostAddress = Convert.FromHexString("7F000001") };
    }

    private TestClient Controller() => Connect("CONTROLLER");

    private TestClient Connect(string listener) => new(new SimulatedConnection(
        _cluster.Time,
        _cluster.Random.Fork(),
        _cluster[1].Broker!.Acceptor,
        new ConnectionInfo(1, listener, "192.0.2.1", 40000, IsLoopback: false),
        TimeSpan.FromMilliseconds(2),
        () => false));
}
