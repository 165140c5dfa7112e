using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Finds the client quotas that a filter matches (KIP-546): by exact name, by default, or by any name of a type. A strict filter wants no other
/// types in the entity.
/// </summary>
public static class DescribeClientQuotas
{
    private const sbyte Exact = 0;
    private const sbyte Default = 1;
    private const sbyte AnyName = 2;

    public static DescribeClientQuotasResponse Answer(MetadataImage image, DescribeClientQuotasRequest request)
    {
        (ErrorCode code, string? problem) = Check(request);
        if (code != ErrorCode.None)
        {
            return new DescribeClientQuotasResponse { ErrorCode = code, ErrorMessage = problem, Entries = null };
        }

        var response = new DescribeClientQuotasResponse { ErrorMessage = null, Entries = [] };
        foreach ((QuotaEntity entity, var values) in image.ClientQuotas)
        {
            if ((request.Strict && entity.Parts.Length != request.Components.Count) || !request.Components.All(component => Matches(entity, component)))
            {
                continue;
            }

            response.Entries.Add(new DescribeClientQuotasResponse.EntryData
            {
                Entity = [.. entity.Parts.Select(part => new DescribeClientQuotasResponse.EntityData { EntityType = part.Key, EntityName = part.Value })],
                Values = [.. values.Select(value => new DescribeClientQuotasResponse.ValueData { Key = value.Key, Value = value.Value })],
            });
        }

        return response;
    }

    private static bool Matches(QuotaEntity entity, DescribeClientQuotasRequest.ComponentData component) =>
        entity.TryGet(component.EntityType, out string? name) && component.MatchType switch
        {
            Exact => name == component.Match,
            Default => name is null,
            _ => true,
        };

    private static (ErrorCode Code, string? Problem) Check(DescribeClientQuotasRequest request)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (DescribeClientQuotasRequest.ComponentData component in request.Components)
        {
            if (component.EntityType.Length == 0)
            {
                return (ErrorCode.InvalidRequest, "An entity type is empty.");
            }

            if (component.EntityType is not (QuotaEntity.User or QuotaEntity.ClientId or QuotaEntity.Ip))
            {
                return (ErrorCode.UnsupportedVersion, $"Entity type {component.EntityType}: allowed are user, client-id and ip.");
            }

            if (!types.Add(component.EntityType))
            {
                return (ErrorCode.InvalidRequest, $"Entity type {component.EntityType} comes twice.");
            }

            bool isRight = component.MatchType switch
            {
                Exact => component.Match is not null,
                Default or AnyName => component.Match is null,
                _ => false,
            };
            if (!isRight)
            {
                return (ErrorCode.InvalidRequest, $"Match type {component.MatchType} with {component.Match ?? "null"}: allowed are 0 with a name, 1 and 2 without.");
            }
        }

        return types.Contains(QuotaEntity.Ip) && types.Count > 1
            ? (ErrorCode.InvalidRequest, "Entity type ip stands alone.")
            : (ErrorCode.None, null);
    }
}
