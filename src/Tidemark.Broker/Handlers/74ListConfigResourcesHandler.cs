using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 74, ListConfigResources: what has configuration (KIP-1142).
/// v0 metrics subscriptions only · v1 by type.
/// </summary>
public sealed class ListConfigResourcesHandler(ClusterState cluster)
    : MessageHandler<ListConfigResourcesRequest, ListConfigResourcesResponse>(ApiKey.ListConfigResources, 0, 1)
{
    protected override ListConfigResourcesResponse Refusal(ListConfigResourcesRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<ListConfigResourcesResponse> Answer(ListConfigResourcesRequest request, Request context) =>
        new(ListConfigResources.Answer(cluster.Image, request, context.ApiVersion));
}
