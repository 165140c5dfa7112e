using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>
/// Shows configuration with where it comes from. A broker answers only for itself and for what is set for all brokers; for the latter it shows
/// what is set at run time and nothing else.
/// </summary>
public static class DescribeConfigs
{
    /// <param name="image">The state that the broker has read.</param>
    /// <param name="broker">The broker's configuration, with what is set at run time.</param>
    /// <param name="nodeId">The broker.</param>
    /// <param name="loggers">The broker's loggers and their levels.</param>
    public static DescribeConfigsResponse Answer(
        MetadataImage image, BrokerConfig broker, int nodeId, IReadOnlyDictionary<string, string> loggers, DescribeConfigsRequest request)
    {
        var response = new DescribeConfigsResponse();
        foreach (DescribeConfigsRequest.DescribeConfigsResource asked in request.Resources)
        {
            var result = new DescribeConfigsResponse.DescribeConfigsResult
            {
                ResourceType = asked.ResourceType,
                ResourceName = asked.ResourceName,
                ErrorMessage = null,
            };
            Func<string, bool> isAsked = asked.ConfigurationKeys is { Count: > 0 } keys ? keys.ToHashSet(StringComparer.Ordinal).Contains : _ => true;
            (ErrorCode code, string? message, IEnumerable<DescribedConfig> configs) = Find(image, broker, nodeId, loggers, asked);
            result.ErrorCode = code;
            result.ErrorMessage = message;
            result.Configs.AddRange(configs.Where(config => isAsked(config.Name)).Select(config => Row(config, request)));
            response.Results.Add(result);
        }

        return response;
    }

    private static (ErrorCode Code, string? Message, IEnumerable<DescribedConfig> Configs) Find(
        MetadataImage image,
        BrokerConfig broker,
        int nodeId,
        IReadOnlyDictionary<string, string> loggers,
        DescribeConfigsRequest.DescribeConfigsResource asked)
    {
        string name = asked.ResourceName;
        var resource = new ConfigResource((ConfigResourceType)asked.ResourceType, name);
        bool isThisNode = int.TryParse(name, System.Globalization.CultureInfo.InvariantCulture, out int id) && id == nodeId;
        switch (resource.Type)
        {
            case ConfigResourceType.Topic:
                return TopicNames.ProblemOf(name) is { } problem ? (ErrorCode.InvalidTopicException, problem, [])
                    : image.Topics.Find(name) is null ? (ErrorCode.UnknownTopicOrPartition, $"There is no topic {name}.", [])
                    : (ErrorCode.None, null, ResourceConfig.OfTopic(image.ConfigOf(resource), broker).DescribeAll());
            case ConfigResourceType.Broker:
                return name.Length == 0 ? (ErrorCode.None, null, OfAllBrokers(broker))
                    : isThisNode ? (ErrorCode.None, null, OfThisBroker(broker))
                    : (ErrorCode.InvalidRequest, $"Broker {name}: this is broker {nodeId}, which answers for itself and, without a name, for all.", []);
            case ConfigResourceType.BrokerLogger:
                return isThisNode
                    ? (ErrorCode.None, null, loggers.Select(logger => new DescribedConfig(
                        new ConfigKey(logger.Key, ConfigType.String, null, ""), logger.Key, logger.Value, ConfigSource.DynamicBrokerLogger, false, [])))
                    : (ErrorCode.InvalidRequest, $"Broker {name}: this is broker {nodeId}, which answers for its own loggers.", []);
            case ConfigResourceType.ClientMetrics:
                return name.Length == 0 ? (ErrorCode.InvalidRequest, "A metrics subscription needs a name.", [])
                    : (ErrorCode.None, null, ResourceConfig.OfClientMetrics(image.ConfigOf(resource), broker).DescribeAll());
            case ConfigResourceType.Group:
                return name.Length == 0 ? (ErrorCode.InvalidRequest, "A group needs a name.", [])
                    : (ErrorCode.None, null, ResourceConfig.OfGroup(image.ConfigOf(resource), broker).DescribeAll());
            default:
                return (ErrorCode.InvalidRequest, $"Resource type {asked.ResourceType}: allowed are 2 (topic), 4 (broker), 8 (logger), 16 (client metrics) and 32 (group).", []);
        }
    }

    private static IEnumerable<DescribedConfig> OfThisBroker(BrokerConfig broker) =>
        ConfigTable.Broker.Keys.Where(key => !key.IsInternal || broker.OfFile.ContainsKey(key.Name)).Select(key => key.Name)
            .Concat(broker.OfFile.Keys.Concat(broker.OfAllBrokers.Keys).Concat(broker.OfThisBroker.Keys).Where(name => ConfigTable.Broker.Find(name) is null))
            .Distinct()
            .Select(name => broker.Describe(name));

    private static IEnumerable<DescribedConfig> OfAllBrokers(BrokerConfig broker) =>
        broker.OfAllBrokers.Keys.Select(name => broker.Describe(name, defaultsOnly: true));

    private static DescribeConfigsResponse.DescribeConfigsResourceResult Row(DescribedConfig config, DescribeConfigsRequest request)
    {
        bool isLogger = config.Source == ConfigSource.DynamicBrokerLogger;
        var row = new DescribeConfigsResponse.DescribeConfigsResourceResult
        {
            Name = config.Name,
            Value = config.Value,
            ReadOnly = config.IsReadOnly,
            ConfigSource = (sbyte)config.Source,
            IsSensitive = config.IsSensitive,
            ConfigType = isLogger ? (sbyte)ConfigType.Unknown : (sbyte)(config.Key?.Type ?? ConfigType.Unknown),
            Documentation = request.IncludeDocumentation && !isLogger && config.Key?.Name == config.Name ? config.Key.Documentation : null,
        };
        if (request.IncludeSynonyms)
        {
            row.Synonyms.AddRange(config.Synonyms.Select(place => new DescribeConfigsResponse.DescribeConfigsSynonym
            {
                Name = place.Name,
                Value = place.Value,
                Source = (sbyte)place.Source,
            }));
        }

        return row;
    }
}
