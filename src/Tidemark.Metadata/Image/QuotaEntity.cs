using System.Collections.Immutable;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>Whom a client quota is for: a user, a client id, both, or an address; a null name stands for "all others" (KIP-546).</summary>
public sealed class QuotaEntity : IEquatable<QuotaEntity>, IComparable<QuotaEntity>
{
    public const string User = "user";
    public const string ClientId = "client-id";
    public const string Ip = "ip";

    public QuotaEntity(IEnumerable<KeyValuePair<string, string?>> parts) =>
        Parts = [.. parts.OrderBy(part => part.Key, StringComparer.Ordinal)];

    /// <summary>Types and names, sorted by type.</summary>
    public ImmutableArray<KeyValuePair<string, string?>> Parts { get; }

    public static QuotaEntity Of(ClientQuotaRecord record) =>
        new(record.Entity.Select(each => KeyValuePair.Create(each.EntityType, each.EntityName)));

    /// <summary>True when the entity has a part of the type; its name is null for the default.</summary>
    public bool TryGet(string type, out string? name)
    {
        foreach ((string each, string? value) in Parts)
        {
            if (each == type)
            {
                name = value;
                return true;
            }
        }

        name = null;
        return false;
    }

    public bool Equals(QuotaEntity? other) => other is not null && Parts.AsSpan().SequenceEqual(other.Parts.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as QuotaEntity);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach ((string type, string? name) in Parts)
        {
            hash.Add(type, StringComparer.Ordinal);
            hash.Add(name, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    public int CompareTo(QuotaEntity? other) => string.CompareOrdinal(ToString(), other?.ToString());

    public override string ToString() => string.Join(", ", Parts.Select(part => $"{part.Key}={part.Value ?? "<default>"}"));
}
