using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 32, DescribeConfigs: configuration with its sources.
/// v3 types and documentation (KIP-569).
/// </summary>
public sealed class DescribeConfigsHandler(ClusterState cluster, IBrokerLoggers loggers)
    : MessageHandler<DescribeConfigsRequest, DescribeConfigsResponse>(ApiKey.DescribeConfigs, 1, 4)
{
    protected override DescribeConfigsResponse Refusal(DescribeConfigsRequest request, ErrorCode error, short version) => new()
    {
        Results =
        [
            .. request.Resources.Select(resource => new DescribeConfigsResponse.DescribeConfigsResult
            {
                ErrorCode = error,
                ErrorMessage = null,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            }),
        ],
    };

    protected override ValueTask<DescribeConfigsResponse> Answer(DescribeConfigsRequest request, Request context) =>
        new(DescribeConfigs.Answer(cluster.Image, cluster.Config, cluster.Self.Value, loggers.Levels, request));
}
