using System.Collections.Immutable;

namespace Tidemark.Metadata.Image;

/// <summary>A feature of the cluster with the levels that this code can work with.</summary>
/// <param name="Standard">The level that a new cluster of the latest metadata version gets.</param>
/// <param name="FromVersion">The metadata version from which that level is the standard.</param>
public sealed record FeatureDefinition(string Name, short Lowest, short Highest, short Standard, MetadataVersion FromVersion)
{
    /// <summary>The metadata version without which no level above 0 may be in force.</summary>
    public MetadataVersion Needs { get; init; } = MetadataVersion.Lowest;
}

/// <summary>The features that the brokers and controllers agree on (KIP-584). Names and levels are Kafka's and frozen.</summary>
public static class FeatureTable
{
    public const string EligibleLeaderReplicas = "eligible.leader.replicas.version";
    public const string Group = "group.version";
    public const string Kraft = "kraft.version";
    public const string Share = "share.version";
    public const string Streams = "streams.version";
    public const string Transaction = "transaction.version";

    /// <summary>
    /// No feature of the cluster but a mark in a controller's registration, which others pass over: this controller acknowledges a heartbeat
    /// only when a record that it appended after the heartbeat is committed. Who leads after it knows how old the last one is at least.
    /// </summary>
    public const string ProvenHeartbeats = "tidemark.proven.heartbeats";

    /// <summary>All features but metadata.version, sorted by name.</summary>
    public static ImmutableArray<FeatureDefinition> All { get; } =
    [
        new(EligibleLeaderReplicas, 0, 1, 1, new MetadataVersion(26)) { Needs = new MetadataVersion(23) },
        new(Group, 0, 1, 1, new MetadataVersion(22)),
        new(Kraft, 0, 1, 1, new MetadataVersion(21)),
        new(Share, 0, 1, 1, new MetadataVersion(28)),
        new(Streams, 0, 1, 1, new MetadataVersion(29)),
        new(Transaction, 0, 2, 2, new MetadataVersion(24)),
    ];

    /// <summary>What this code can work with, metadata.version included, as it is written into registrations.</summary>
    public static ImmutableSortedDictionary<string, FeatureRange> Supported { get; } = AllSupported();

    /// <summary>What keeps a feature from having a level while the metadata version is this one; null when nothing does.</summary>
    public static string? ProblemOf(string feature, short level, MetadataVersion version) =>
        level > 0 && All.FirstOrDefault(each => each.Name == feature) is { } definition && version.CompareTo(definition.Needs) < 0
            ? $"it needs {MetadataVersion.Feature} {definition.Needs.Level} ({definition.Needs.Name}) or above."
            : null;

    private static ImmutableSortedDictionary<string, FeatureRange> AllSupported()
    {
        var supported = ImmutableSortedDictionary.CreateBuilder<string, FeatureRange>(StringComparer.Ordinal);
        supported.Add(MetadataVersion.Feature, new FeatureRange(MetadataVersion.Lowest.Level, MetadataVersion.Latest.Level));
        foreach (FeatureDefinition feature in All)
        {
            supported.Add(feature.Name, new FeatureRange(feature.Lowest, feature.Highest));
        }

        return supported.ToImmutable();
    }

    /// <summary>The levels that a new cluster of a metadata version starts with: metadata.version first, then by name, those at 0 left out.</summary>
    public static IEnumerable<KeyValuePair<string, short>> StandardLevels(MetadataVersion version)
    {
        yield return KeyValuePair.Create(MetadataVersion.Feature, version.Level);
        foreach (FeatureDefinition feature in All)
        {
            if (feature.Name != Kraft && version.CompareTo(feature.FromVersion) >= 0)
            {
                yield return KeyValuePair.Create(feature.Name, feature.Standard);
            }
        }
    }
}
