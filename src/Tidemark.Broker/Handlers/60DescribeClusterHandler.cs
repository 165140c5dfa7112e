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
/// v1 endpoint types: 1 brokers, 2 controllers, which this listener does not answer for (KIP-919) · v2 fenced brokers on request.
/// </summary>
public sealed class DescribeClusterHandler(ClusterState cluster)
    : MessageHandler<DescribeClusterRequest, DescribeClusterResponse>(ApiKey.DescribeCluster, 0, 2)
{
    private const sbyte Brokers = 1;
    private const sbyte Controllers = 2;

    protected override DescribeClusterResponse Refusal(DescribeClusterRequest request, ErrorCode error, short version) =>
        new() { ErrorCode = error, ErrorMessage = null, ClusterId = "" };

    protected override ValueTask<DescribeClusterResponse> Answer(DescribeClusterRequest request, Request context)
    {
        if (request.EndpointType != Brokers)
        {
            return new(new DescribeClusterResponse
            {
                ErrorCode = request.EndpointType == Controllers ? ErrorCode.MismatchedEndpointType : ErrorCode.UnsupportedEndpointType,
                ErrorMessage = $"This listener tells brokers' endpoints (type 1), not those of type {request.EndpointType}.",
                ClusterId = "",
            });
        }

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

        return new(response);
    }
}
