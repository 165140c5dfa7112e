using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>Lists what has, or could have, configuration (KIP-1142). Version 0 knows metrics subscriptions only.</summary>
public static class ListConfigResources
{
    private static readonly ImmutableArray<ConfigResourceType> s_all =
        [ConfigResourceType.Group, ConfigResourceType.ClientMetrics, ConfigResourceType.BrokerLogger, ConfigResourceType.Broker, ConfigResourceType.Topic];

    public static ListConfigResourcesResponse Answer(MetadataImage image, ListConfigResourcesRequest request, short version)
    {
        IEnumerable<ConfigResourceType> types = version == 0 ? [ConfigResourceType.ClientMetrics]
            : request.ResourceTypes.Count == 0 ? s_all
            : request.ResourceTypes.Select(type => (ConfigResourceType)type).Distinct();
        var response = new ListConfigResourcesResponse();
        foreach (ConfigResourceType type in types)
        {
            if (!s_all.Contains(type))
            {
                return new ListConfigResourcesResponse { ErrorCode = ErrorCode.UnsupportedVersion };
            }

            IEnumerable<string> names = type switch
            {
                ConfigResourceType.Topic => image.Topics.InOrder().Select(topic => topic.Name),
                ConfigResourceType.Broker or ConfigResourceType.BrokerLogger =>
                    image.Brokers.Keys.Select(id => id.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                _ => image.Configs.Keys.Where(resource => resource.Type == type).Select(resource => resource.Name),
            };
            response.ConfigResources.AddRange(names.Select(name => new ListConfigResourcesResponse.ConfigResource
            {
                ResourceName = name,
                ResourceType = (sbyte)type,
            }));
        }

        return response;
    }
}
