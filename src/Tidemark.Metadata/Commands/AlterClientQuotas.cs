using System.Collections.Immutable;
using System.Net;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Sets and removes client quotas (KIP-546). Each entity stands or falls for itself. Removing what is not there is fine, whatever it is called.
/// </summary>
public static class AlterClientQuotas
{
    private const string ConnectionRate = "connection_creation_rate";
    private static readonly ImmutableArray<string> s_byteRates = ["consumer_byte_rate", "producer_byte_rate"];
    private static readonly ImmutableArray<string> s_otherRates = ["controller_mutation_rate", "request_percentage"];

    /// <summary>What the request names for addresses and is none: of these, some may be hosts.</summary>
    public static IEnumerable<string> HostNamesOf(AlterClientQuotasRequest request) => request.Entries
        .SelectMany(entry => entry.Entity)
        .Where(part => part is { EntityType: QuotaEntity.Ip, EntityName: { Length: > 0 } name } && !IPAddress.TryParse(name, out _))
        .Select(part => part.EntityName!)
        .Distinct(StringComparer.Ordinal);

    /// <param name="hosts">Those of <see cref="HostNamesOf"/> that are the name of a host that has an address; null for none.</param>
    public static Decision<AlterClientQuotasResponse> Decide(ControllerContext context, AlterClientQuotasRequest request, IReadOnlySet<string>? hosts = null)
    {
        var records = new List<MetadataRecord>();
        var response = new AlterClientQuotasResponse();
        MetadataImage image = context.Image;
        Dictionary<string, string?>[] named = [.. request.Entries.Select(entry => PartsOf(entry.Entity))];
        HashSet<QuotaEntity> twice = Repeated.Among(named.Select(parts => new QuotaEntity(parts)));
        foreach ((AlterClientQuotasRequest.EntryData entry, Dictionary<string, string?> parts) in request.Entries.Zip(named))
        {
            var entity = new QuotaEntity(parts);
            HashSet<string> repeated = Repeated.Among(entry.Ops.Select(op => op.Key));
            string? problem = ProblemOf(parts, hosts ?? ImmutableHashSet<string>.Empty)
                ?? (twice.Contains(entity) ? $"Entity {string.Join(", ", parts.Select(part => $"{part.Key}={part.Value ?? "default"}"))} comes twice." : null)
                ?? entry.Ops.Select(op => ProblemOf(parts, op, repeated)).FirstOrDefault(each => each is not null);
            if (problem is null)
            {
                Append(image, entity, entry.Ops, records);
            }

            response.Entries.Add(new AlterClientQuotasResponse.EntryData
            {
                ErrorCode = problem is null ? ErrorCode.None : ErrorCode.InvalidRequest,
                ErrorMessage = problem,
                Entity = [.. parts.OrderBy(part => part.Key switch { QuotaEntity.ClientId => 0, QuotaEntity.User => 1, _ => 2 }).Select(part => new AlterClientQuotasResponse.EntityData { EntityType = part.Key, EntityName = part.Value })],
            });
        }

        return new Decision<AlterClientQuotasResponse>(request.ValidateOnly ? [] : records, response);
    }

    /// <summary>A type that comes twice counts once, with the later name.</summary>
    private static Dictionary<string, string?> PartsOf(List<AlterClientQuotasRequest.EntityData> entity)
    {
        var parts = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (AlterClientQuotasRequest.EntityData part in entity)
        {
            parts[part.EntityType] = part.EntityName;
        }

        return parts;
    }

    private static void Append(MetadataImage image, QuotaEntity entity, List<AlterClientQuotasRequest.OpData> ops, List<MetadataRecord> records)
    {
        image.ClientQuotas.TryGetValue(entity, out ImmutableSortedDictionary<string, double>? before);
        foreach (AlterClientQuotasRequest.OpData op in ops)
        {
            double old = 0;
            bool isSet = before is not null && before.TryGetValue(op.Key, out old);
            if (op.Remove ? isSet : !isSet || old != op.Value)
            {
                records.Add(new ClientQuotaRecord
                {
                    Entity = ImageRecords.EntityOf(entity),
                    Key = op.Key,
                    Value = op.Remove ? 0 : op.Value,
                    Remove = op.Remove,
                });
            }
        }
    }

    private static string? ProblemOf(Dictionary<string, string?> parts, IReadOnlySet<string> hosts)
    {
        if (parts.Count == 0)
        {
            return "A quota needs an entity.";
        }

        foreach ((string type, string? name) in parts)
        {
            if (type is not (QuotaEntity.User or QuotaEntity.ClientId or QuotaEntity.Ip))
            {
                return $"Entity type {type}: allowed are user, client-id and ip.";
            }

            if (name is { Length: 0 })
            {
                return $"Entity type {type} with an empty name: allowed is a name, or null for the default.";
            }
        }

        if (!parts.TryGetValue(QuotaEntity.Ip, out string? address))
        {
            return null;
        }

        return parts.Count > 1 ? "Entity type ip stands alone."
            : address is not null && !IsAddress(address) && !hosts.Contains(address) ? $"Entity ip={address}: allowed is an address, or the name of a host that has one."
            : null;
    }

    /// <summary>IPv4 addresses in decimal, of four parts or fewer, and IPv6 addresses: what else passes for one in places, such as 0x7f.1, Apache Kafka knows as none.</summary>
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out _) && (text.Contains(':', StringComparison.Ordinal) || text.All(c => char.IsAsciiDigit(c) || c == '.'));

    private static string? ProblemOf(Dictionary<string, string?> parts, AlterClientQuotasRequest.OpData op, HashSet<string> repeated)
    {
        if (repeated.Contains(op.Key))
        {
            return $"Quota {op.Key} comes twice for one entity.";
        }

        if (op.Remove)
        {
            return null;
        }

        bool isOfAddress = parts.ContainsKey(QuotaEntity.Ip);
        bool isWhole = isOfAddress ? op.Key == ConnectionRate : s_byteRates.Contains(op.Key);
        if (!isWhole && (isOfAddress || !s_otherRates.Contains(op.Key)))
        {
            IEnumerable<string> allowed = isOfAddress ? [ConnectionRate] : s_byteRates.Concat(s_otherRates);
            return $"Quota {op.Key}: allowed for this entity are {string.Join(", ", allowed)}.";
        }

        if (!(op.Value > 0))
        {
            return $"Invalid value {op.Value} for quota {op.Key}: allowed is more than 0.";
        }

        double most = isOfAddress ? int.MaxValue : long.MaxValue;
        return isWhole && (Math.Abs(op.Value - Math.Round(op.Value)) > 1e-6 || op.Value > most)
            ? $"Invalid value {op.Value} for quota {op.Key}: allowed is a whole number up to {most}."
            : null;
    }
}
