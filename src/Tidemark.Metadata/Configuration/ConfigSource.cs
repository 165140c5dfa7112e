namespace Tidemark.Metadata.Configuration;

/// <summary>Where a value comes from, by its number in DescribeConfigs. Frozen: clients know these numbers.</summary>
public enum ConfigSource : sbyte
{
    Unknown = 0,
    Topic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    DynamicBrokerLogger = 6,
    ClientMetrics = 7,
    Group = 8,
}

/// <summary>The kind of a resource that has configuration, by its number in requests and in ConfigRecord. Frozen.</summary>
public enum ConfigResourceType : sbyte
{
    Unknown = 0,
    Topic = 2,
    Broker = 4,
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32,
}

/// <summary>One of the places from which a key's value could come, with the value there. Sensitive values are null.</summary>
public readonly record struct ConfigSynonym(string Name, string? Value, ConfigSource Source);

/// <summary>A value as DescribeConfigs shows it, with all the places where it is set, the strongest first.</summary>
/// <param name="Key">The key; null for a property that no table knows.</param>
/// <param name="Name">The name under which the value is shown.</param>
/// <param name="Value">The canonical text; null when there is none or when it is sensitive.</param>
public sealed record DescribedConfig(
    ConfigKey? Key,
    string Name,
    string? Value,
    ConfigSource Source,
    bool IsReadOnly,
    IReadOnlyList<ConfigSynonym> Synonyms)
{
    public bool IsSensitive => Key is null || Key.IsSensitive;
}
