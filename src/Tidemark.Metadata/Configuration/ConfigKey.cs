using System.Collections.Immutable;

namespace Tidemark.Metadata.Configuration;

/// <summary>The type of a configuration value, by its number in DescribeConfigs. Frozen: clients know these numbers.</summary>
public enum ConfigType : sbyte
{
    Unknown = 0,
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}

/// <summary>Whether a broker key may change while the broker runs, and for whom.</summary>
public enum DynamicMode
{
    /// <summary>Only the property file sets it, read at the start.</summary>
    ReadOnly,

    /// <summary>May be set for a single broker, at run time.</summary>
    PerBroker,

    /// <summary>May be set for a single broker or for all of them, at run time.</summary>
    ClusterWide,
}

/// <summary>
/// What is known of one configuration key: type, default, allowed values, whether it changes at run time, and what it is for.
/// The tables of these are the one source for property files, DescribeConfigs and the configuration page of the documentation.
/// </summary>
/// <param name="Name">Kafka's property name.</param>
/// <param name="Type">How a value is read.</param>
/// <param name="Default">The default as text; null means that there is none.</param>
/// <param name="Documentation">One sentence on what the key does.</param>
public sealed record ConfigKey(string Name, ConfigType Type, string? Default, string Documentation)
{
    /// <summary>What values are allowed beyond what the type demands.</summary>
    public ConfigRule Rule { get; init; } = ConfigRule.Any;

    /// <summary>Whether a broker key changes at run time. Topic and group keys always do.</summary>
    public DynamicMode Dynamic { get; init; } = DynamicMode.ReadOnly;

    /// <summary>For topic and group keys: the broker keys that give the default, the first that is set counts.</summary>
    public ImmutableArray<string> BrokerSynonyms { get; init; } = [];

    /// <summary>True when a property file must set the key.</summary>
    public bool IsRequired { get; init; }

    /// <summary>True for keys that are for tests or not yet stable: accepted, but not described to clients.</summary>
    public bool IsInternal { get; init; }

    /// <summary>True when the value must not be shown to anybody.</summary>
    public bool IsSensitive => Type is ConfigType.Password or ConfigType.Unknown;

    /// <summary>The key with bounds on its number, both inclusive.</summary>
    public ConfigKey Within(double minimum, double maximum) => this with { Rule = ConfigRule.Range(minimum, maximum) };

    public ConfigKey AtLeast(double minimum) => this with { Rule = ConfigRule.Range(minimum, double.PositiveInfinity) };

    public ConfigKey OneOf(params string[] values) => this with { Rule = new ConfigRule.OneOfRule([.. values], IgnoreCase: false) };

    public ConfigKey OneOfInAnyCase(params string[] values) => this with { Rule = new ConfigRule.OneOfRule([.. values], IgnoreCase: true) };

    public ConfigKey Checked(ConfigRule rule) => this with { Rule = rule };

    public ConfigKey ClusterWide() => this with { Dynamic = DynamicMode.ClusterWide };

    public ConfigKey PerBroker() => this with { Dynamic = DynamicMode.PerBroker };

    public ConfigKey Required() => this with { IsRequired = true };

    public ConfigKey Internal() => this with { IsInternal = true };

    public ConfigKey DefaultFrom(params string[] brokerKeys) => this with { BrokerSynonyms = [.. brokerKeys] };
}
