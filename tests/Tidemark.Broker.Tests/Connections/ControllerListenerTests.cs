using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Connections;

/// <summary>The controller's listeners are for controllers' affairs, and clients' requests end the connection there, as in Kafka.</summary>
public sealed class ControllerListenerTests
{
    private readonly BrokerWorld _world = new(config: [("controller.listener.names", "CONTROLLER")]);

    [Fact]
    public void It_advertises_what_Kafkas_does_and_nothing_of_clients()
    {
        List<ApiKey> told = [.. Controller().Ask<ApiVersionsResponse>(new ApiVersionsRequest(), 0).ApiKeys.Select(api => (ApiKey)api.ApiKey)];

        Assert.Contains(ApiKey.ApiVersions, told);
        Assert.Contains(ApiKey.DescribeCluster, told);
        Assert.All(told, api => Assert.True(MessageCatalog.Api(api).OnController, api.ToString()));
        Assert.Contains(_world.Connect().Ask<ApiVersionsResponse>(new ApiVersionsRequest(), 0).ApiKeys, api => api.ApiKey == (short)ApiKey.Metadata);
    }

    [Fact]
    public void A_clients_request_ends_the_connection()
    {
        TestClient client = Controller();
        client.Send(new MetadataRequest(), 12);

        Assert.True(_world.World.RunUntil(() => client.Connection.IsClosed, BrokerWorld.Patience));
    }

    [Fact]
    public void Each_kind_of_endpoint_is_told_on_its_own_listeners()
    {
        DescribeClusterResponse Ask(TestClient client, sbyte type) => client.Ask<DescribeClusterResponse>(new DescribeClusterRequest { EndpointType = type }, 2);

        DescribeClusterResponse controllers = Ask(Controller(), 2);
        Assert.Equal((ErrorCode.None, 2, 1), (controllers.ErrorCode, controllers.EndpointType, controllers.ControllerId));
        Assert.Equal(ErrorCode.MismatchedEndpointType, Ask(Controller(), 1).ErrorCode);
        Assert.Equal(ErrorCode.MismatchedEndpointType, Ask(_world.Connect(), 2).ErrorCode);
        Assert.Single(Ask(_world.Connect(), 1).Brokers);
    }

    private TestClient Controller() => new(_world.World.Connect(_world.Node.Acceptor, "CONTROLLER"));
}
