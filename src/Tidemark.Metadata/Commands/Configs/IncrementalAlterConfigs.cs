using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>
/// Changes single values of resources (KIP-339): sets, removes, or adds to and takes from lists. Each resource stands or falls for itself.
/// Loggers live in a broker's memory, not in the log; the broker's handler takes them out first.
/// </summary>
public static class IncrementalAlterConfigs
{
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    public static Decision<IncrementalAlterConfigsResponse> Decide(ControllerContext context, IncrementalAlterConfigsRequest request)
    {
        var records = new List<MetadataRecord>();
        var response = new IncrementalAlterConfigsResponse();
        HashSet<(sbyte, string)> repeated = Repeated.Among(request.Resources.Select(resource => (resource.ResourceType, resource.ResourceName)));
        foreach (IncrementalAlterConfigsRequest.AlterConfigsResource resource in request.Resources)
        {
            (ErrorCode code, string? message) = repeated.Contains((resource.ResourceType, resource.ResourceName))
                ? ConfigChanges.ResourceComesTwice
                : Alter(context, resource, records);
            response.Responses.Add(new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = code,
                ErrorMessage = message,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            });
        }

        return new Decision<IncrementalAlterConfigsResponse>(request.ValidateOnly ? [] : records, response);
    }

    private static (ErrorCode Code, string? Message) Alter(
        ControllerContext context, IncrementalAlterConfigsRequest.AlterConfigsResource asked, List<MetadataRecord> records)
    {
        HashSet<string> repeated = Repeated.Among(asked.Configs.Select(config => config.Name));
        foreach (IncrementalAlterConfigsRequest.AlterableConfig config in asked.Configs)
        {
            if (config.Value is null && config.ConfigOperation != Delete)
            {
                return (ErrorCode.InvalidRequest, $"Configuration {config.Name} must not be null: it can be deleted instead.");
            }

            if (repeated.Contains(config.Name))
            {
                return ConfigChanges.KeyComesTwice(config.Name);
            }
        }

        // In Kafka brokers look at whose configuration it is, and the controller at the operations before it looks at what else has a name.
        var resource = new ConfigResource((ConfigResourceType)asked.ResourceType, asked.ResourceName);
        (ErrorCode code, string? message) = ConfigChanges.CheckResource(asked.ResourceType, asked.ResourceName);
        bool isNamed = resource.Type is ConfigResourceType.Topic or ConfigResourceType.Group or ConfigResourceType.ClientMetrics;
        if (code != ErrorCode.None && !isNamed)
        {
            return (code, message);
        }

        ImmutableSortedDictionary<string, string> wanted = context.Image.ConfigOf(resource);
        foreach (IncrementalAlterConfigsRequest.AlterableConfig config in asked.Configs)
        {
            switch (config.ConfigOperation)
            {
                case Set:
                    wanted = wanted.SetItem(config.Name, config.Value!);
                    break;
                case Delete:
                    wanted = wanted.Remove(config.Name);
                    break;
                case Append or Subtract:
                    if (Effective(context, resource, wanted, config.Name) is not { } list)
                    {
                        // Clients tell this refusal from others by the words "not allowed".
                        string asking = config.ConfigOperation == Append ? "append to" : "subtract from";
                        return (ErrorCode.InvalidConfig, $"Configuration {config.Name} is no list, so it is not allowed to {asking} it; set and delete are.");
                    }

                    string[] items = [.. config.Value!.Split(',').Select(item => item.Trim()).Where(item => item.Length > 0)];
                    wanted = wanted.SetItem(config.Name, string.Join(',', config.ConfigOperation == Append ? list.Union(items) : list.Except(items)));
                    break;
                default:
                    return (ErrorCode.InvalidRequest, $"Operation {config.ConfigOperation} on {config.Name}: allowed are 0 (set), 1 (delete), 2 (append) and 3 (subtract).");
            }
        }

        return code != ErrorCode.None ? (code, message) : ConfigChanges.Put(context, resource, wanted, [.. asked.Configs.Select(config => config.Name)], records);
    }

    /// <summary>The list to add to or to take from: what is set, otherwise what counts without it. Null when the key is no list.</summary>
    private static IEnumerable<string>? Effective(
        ControllerContext context, ConfigResource resource, ImmutableSortedDictionary<string, string> wanted, string name)
    {
        // The lists of a metrics subscription are set as a whole, as with Kafka.
        if (resource.Type == ConfigResourceType.ClientMetrics)
        {
            return null;
        }

        (ConfigTable table, Func<string, ImmutableArray<string>> inherited) = resource.Type switch
        {
            ConfigResourceType.Topic => (ConfigTable.Topic, ResourceConfig.OfTopic(MetadataImage.NoConfig, context.Config).GetList),
            ConfigResourceType.Group => (ConfigTable.Group, ResourceConfig.OfGroup(MetadataImage.NoConfig, context.Config).GetList),
            _ => (ConfigTable.Broker, (Func<string, ImmutableArray<string>>)context.Config.GetList),
        };
        if (table.Find(name) is not { Type: ConfigType.List } key)
        {
            return null;
        }

        return wanted.TryGetValue(name, out string? raw) && ConfigValue.TryParse(key with { Rule = ConfigRule.Any }, raw, out ConfigValue value, out _)
            ? value.AsList()
            : inherited(name);
    }
}
