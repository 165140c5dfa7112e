using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 44, IncrementalAlterConfigs: changes single values (KIP-339). What concerns a broker is answered by that broker alone; the levels
/// of its loggers change here and are not kept, the rest is decided by the controller.
/// </summary>
public sealed class IncrementalAlterConfigsHandler(MetadataDriver controller, ClusterState cluster, IBrokerLoggers loggers, bool isForControllers = false)
    : MessageHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(ApiKey.IncrementalAlterConfigs, 0, 1)
{
    private const sbyte Set = 0;
    private const sbyte Delete = 1;

    protected override IncrementalAlterConfigsResponse Refusal(IncrementalAlterConfigsRequest request, ErrorCode error, short version) => new()
    {
        Responses = [.. request.Resources.Select(resource => Result(resource, error, null))],
    };

    protected override async ValueTask<IncrementalAlterConfigsResponse> Answer(IncrementalAlterConfigsRequest request, Request context)
    {
        var own = new List<IncrementalAlterConfigsResponse.AlterConfigsResourceResponse>();
        var rest = new IncrementalAlterConfigsRequest { ValidateOnly = request.ValidateOnly };
        foreach (IncrementalAlterConfigsRequest.AlterConfigsResource resource in request.Resources)
        {
            bool isLogger = resource.ResourceType == (sbyte)ConfigResourceType.BrokerLogger;
            (ErrorCode Code, string? Message) refusal = BrokerResources.Check(resource.ResourceType, resource.ResourceName, cluster.Self, isForControllers);
            if (refusal.Code == ErrorCode.None && isLogger)
            {
                refusal = ChangeLoggers(resource, request.ValidateOnly);
            }
            else if (refusal.Code == ErrorCode.None)
            {
                rest.Resources.Add(resource);
                continue;
            }

            own.Add(Result(resource, refusal.Code, refusal.Message));
        }

        IncrementalAlterConfigsResponse response = rest.Resources.Count == 0
            ? new IncrementalAlterConfigsResponse()
            : await controller.Submit(state => IncrementalAlterConfigs.Decide(state, rest), error => Refusal(rest, context.Noting(error), context.ApiVersion));
        response.Responses.AddRange(own);
        return response;
    }

    private static IncrementalAlterConfigsResponse.AlterConfigsResourceResponse Result(IncrementalAlterConfigsRequest.AlterConfigsResource resource, ErrorCode error, string? message) =>
        new() { ErrorCode = error, ErrorMessage = message, ResourceType = resource.ResourceType, ResourceName = resource.ResourceName };

    private (ErrorCode Code, string? Message) ChangeLoggers(IncrementalAlterConfigsRequest.AlterConfigsResource resource, bool validateOnly)
    {
        var changes = new List<Action>();
        foreach (IncrementalAlterConfigsRequest.AlterableConfig config in resource.Configs)
        {
            if (!loggers.Levels.ContainsKey(config.Name))
            {
                return (ErrorCode.InvalidConfig, $"There is no logger {config.Name}; there are {string.Join(", ", loggers.Levels.Keys)}.");
            }

            switch (config.ConfigOperation)
            {
                case Set when config.Value is not null && TryParse(config.Value, out LoggerLevel level):
                    changes.Add(() => loggers.TrySet(config.Name, level));
                    break;
                case Set:
                    return (ErrorCode.InvalidConfig, $"Invalid value {config.Value} for logger {config.Name}: allowed are TRACE, DEBUG, INFO, WARN, ERROR and FATAL.");
                case Delete when config.Name != IBrokerLoggers.Root:
                    changes.Add(() => loggers.TryUnset(config.Name));
                    break;
                case Delete:
                    return (ErrorCode.InvalidRequest, "The level of the root logger can be set, not deleted.");
                default:
                    return (ErrorCode.InvalidRequest, $"Operation {config.ConfigOperation} on logger {config.Name}: allowed are 0 (set) and 1 (delete).");
            }
        }

        if (!validateOnly)
        {
            changes.ForEach(change => change());
        }

        return (ErrorCode.None, null);
    }

    /// <summary>Numbers, which .NET would take for a level, are none.</summary>
    private static bool TryParse(string text, out LoggerLevel level) =>
        Enum.TryParse(text, ignoreCase: true, out level) && !char.IsAsciiDigit(text[0]) && Enum.IsDefined(level);
}
