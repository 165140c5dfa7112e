using System.Collections.Immutable;
using Tidemark.Metadata.Configuration.Keys;

namespace Tidemark.Metadata.Configuration;

/// <summary>The keys of one kind of resource, sorted by name.</summary>
public sealed class ConfigTable
{
    // Not frozen dictionaries: to look for a faster hash of hundreds of names takes a start longer than it ever saves.
    private readonly Dictionary<string, ConfigKey> _byName;
    private readonly Dictionary<string, ConfigValue> _defaults;

    private ConfigTable(string kind, params IEnumerable<ConfigKey>[] parts)
    {
        Kind = kind;
        Keys = [.. parts.SelectMany(part => part).OrderBy(key => key.Name, StringComparer.Ordinal)];
        _byName = new Dictionary<string, ConfigKey>(Keys.Length, StringComparer.Ordinal);
        _defaults = new Dictionary<string, ConfigValue>(Keys.Length, StringComparer.Ordinal);
        foreach (ConfigKey key in Keys)
        {
            _byName.Add(key.Name, key);
            if (ConfigValue.DefaultOf(key) is { } value)
            {
                _defaults.Add(key.Name, value);
            }
        }
    }

    /// <summary>Keys of the property file, some of which may be set for brokers at run time.</summary>
    public static ConfigTable Broker { get; } = new(
        "broker",
        ReplicationKeys.All,
        LogKeys.All,
        NetworkKeys.All,
        QuorumKeys.All,
        GroupKeys.All,
        ShareKeys.All,
        TransactionKeys.All,
        MetricsKeys.All,
        RemoteLogKeys.All,
        SecurityKeys.All,
        TlsKeys.All,
        SaslKeys.All);

    /// <summary>Limits of replication traffic. They are set at run time only, for single brokers, and are not listed where nobody set them.</summary>
    public static ConfigTable ReplicationRates { get; } = new("replication rate", ReplicationRateKeys.All);

    public static ConfigTable Topic { get; } = new("topic", TopicKeys.All);

    public static ConfigTable Group { get; } = new("group", GroupResourceKeys.All);

    public static ConfigTable ClientMetrics { get; } = new("client metrics", ClientMetricsKeys.All);

    /// <summary>What the keys are for, to name them in messages.</summary>
    public string Kind { get; }

    public ImmutableArray<ConfigKey> Keys { get; }

    public ConfigKey? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The default of the key; null when it has none or there is no such key.</summary>
    public ConfigValue? DefaultOf(string name) => _defaults.GetValueOrDefault(name);

    /// <summary>Checks one value by name.</summary>
    /// <returns>Null when the table has the key and allows the value, otherwise a sentence that says what is wrong.</returns>
    public string? ProblemOf(string name, string? value)
    {
        if (Find(name) is not { } key)
        {
            return $"Unknown {Kind} configuration {name}.";
        }

        if (value is null)
        {
            return $"Configuration {name} must not be null: leave it out to keep its default.";
        }

        return ConfigValue.TryParse(key, value, out _, out string problem) ? null : problem;
    }
}
