using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>Replaces all that was set for resources; what the request leaves out is removed. Old clients use it, new ones IncrementalAlterConfigs.</summary>
public static class AlterConfigs
{
    public static Decision<AlterConfigsResponse> Decide(ControllerContext context, AlterConfigsRequest request)
    {
        var records = new List<MetadataRecord>();
        var response = new AlterConfigsResponse();
        HashSet<(sbyte, string)> repeated = Repeated.Among(request.Resources.Select(resource => (resource.ResourceType, resource.ResourceName)));
        foreach (AlterConfigsRequest.AlterConfigsResource resource in request.Resources)
        {
            (ErrorCode code, string? message) = repeated.Contains((resource.ResourceType, resource.ResourceName))
                ? ConfigChanges.ResourceComesTwice
                : Alter(context, resource, records);
            response.Responses.Add(new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = code,
                ErrorMessage = message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            });
        }

        return new Decision<AlterConfigsResponse>(request.ValidateOnly ? [] : records, response);
    }

    private static (ErrorCode Code, string? Message) Alter(
        ControllerContext context, AlterConfigsRequest.AlterConfigsResource asked, List<MetadataRecord> records)
    {
        var wanted = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (AlterConfigsRequest.AlterableConfig config in asked.Configs)
        {
            if (config.Value is null)
            {
                return (ErrorCode.InvalidRequest, $"Configuration {config.Name} must not be null: left out it is removed.");
            }

            if (!wanted.TryAdd(config.Name, config.Value))
            {
                return ConfigChanges.KeyComesTwice(config.Name);
            }
        }

        (ErrorCode code, string? message) = ConfigChanges.CheckResource(asked.ResourceType, asked.ResourceName);
        return code != ErrorCode.None
            ? (code, message)
            : ConfigChanges.Put(
                context,
                new ConfigResource((ConfigResourceType)asked.ResourceType, asked.ResourceName),
                wanted.ToImmutable(),
                [.. asked.Configs.Select(config => config.Name)],
                records);
    }
}
