using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 60, DescribeCluster: the cluster's id and its brokers (KIP-700).
/// v1 endpoint types: 1 brokers, 2 controllers (KIP-919): each is told on the listeners of its own kind only · v2 fenced brokers on request.
/// </summary>
/// <param name="activeController">Who leads the quorum, on the controller's listeners; null on those for clients.</param>
public sealed class DescribeClusterHandler(ClusterState cluster, Func<BrokerId>? activeController = null)
    : MessageHandler<DescribeClusterRequest, DescribeClusterResponse>(ApiKey.DescribeCluster, 0, 2)
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    protected override DescribeClusterResponse Refusal(DescribeClusterRequest request, ErrorCode error, short version) =>
        new() { ErrorCode = error, ErrorMessage = null, ClusterId = "" };

    protected override ValueTask<DescribeClusterResponse> Answer(DescribeClusterRequest request, Request context)
    {
        sbyte own = activeController is null ? Brokers : Controllers;
        if (request.EndpointType != own)
        {
            return new(new DescribeClusterResponse
            {
                ErrorCode = (request.EndpointType, context.ApiVersion) switch
                {
                    // A version that cannot ask for controllers does not know the code that says so.
                    (_, 0) => ErrorCode.InvalidRequest,
                    (Brokers or Controllers, _) => ErrorCode.MismatchedEndpointType,
                    _ => ErrorCode.UnsupportedEndpointType,
                },
                ErrorMessage = $"This listener tells endpoints of type {own}, not those of type {request.EndpointType}.",
                ClusterId = "",
            });
        }

        return new(activeController is null ? DescribeBrokers(request, context) : DescribeControllers(request, activeController()));
    }

    private DescribeClusterResponse DescribeControllers(DescribeClusterRequest request, BrokerId active)
    {
        var response = new DescribeClusterResponse { ClusterId = cluster.ClusterId, ControllerId = active.Value, EndpointType = Controllers };
        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AuthorizedOperations.AllOnCluster;
        }

        foreach (ControllerImage controller in cluster.Image.Controllers.Values)
        {
            if (controller.Endpoints.FirstOrDefault() is { } at)
            {
                response.Brokers.Add(new() { BrokerId = controller.Id, Host = at.Host, Port = at.Port });
            }
        }

        return response;
    }

    private DescribeClusterResponse DescribeBrokers(DescribeClusterRequest request, Request context)
    {
        var response = new DescribeClusterResponse { ClusterId = cluster.ClusterId, ControllerId = cluster.ControllerIdForClients };
        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AuthorizedOperations.AllOnCluster;
        }

        foreach (BrokerImage broker in cluster.Image.Brokers.Values)
        {
            bool wanted = !broker.IsFenced || (request.IncludeFencedBrokers && context.ApiVersion >= 2);
            if (wanted && broker.Endpoint(context.Connection.Info.ListenerName) is { } at)
            {
                response.Brokers.Add(new() { BrokerId = broker.Id, Host = at.Host, Port = at.Port, Rack = broker.Rack, IsFenced = broker.IsFenced });
            }
        }

        return response;
    }
}
