using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 33, AlterConfigs: replaces all that was set for resources. Loggers cannot be changed this way.
/// </summary>
public sealed class AlterConfigsHandler(MetadataDriver controller, ClusterState cluster, bool isForControllers = false)
    : MessageHandler<AlterConfigsRequest, AlterConfigsResponse>(ApiKey.AlterConfigs, 0, 2)
{
    protected override AlterConfigsResponse Refusal(AlterConfigsRequest request, ErrorCode error, short version) => new()
    {
        Responses = [.. request.Resources.Select(resource => Result(resource, error, null))],
    };

    protected override async ValueTask<AlterConfigsResponse> Answer(AlterConfigsRequest request, Request context)
    {
        var own = new List<AlterConfigsResponse.AlterConfigsResourceResponse>();
        var rest = new AlterConfigsRequest { ValidateOnly = request.ValidateOnly };
        foreach (AlterConfigsRequest.AlterConfigsResource resource in request.Resources)
        {
            (ErrorCode code, string? message) = BrokerResources.Check(resource.ResourceType, resource.ResourceName, cluster.Self, isForControllers);
            if (code == ErrorCode.None)
            {
                rest.Resources.Add(resource);
                continue;
            }

            own.Add(Result(resource, code, message));
        }

        AlterConfigsResponse response = rest.Resources.Count == 0
            ? new AlterConfigsResponse()
            : await controller.Submit(state => AlterConfigs.Decide(state, rest), error => Refusal(rest, context.Noting(error), context.ApiVersion));
        response.Responses.AddRange(own);
        return response;
    }

    private static AlterConfigsResponse.AlterConfigsResourceResponse Result(AlterConfigsRequest.AlterConfigsResource resource, ErrorCode error, string? message) =>
        new() { ErrorCode = error, ErrorMessage = message, ResourceType = resource.ResourceType, ResourceName = resource.ResourceName };
}
