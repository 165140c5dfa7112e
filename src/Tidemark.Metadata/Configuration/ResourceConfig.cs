using System.Collections.Immutable;

namespace Tidemark.Metadata.Configuration;

/// <summary>
/// The configuration of a topic, a group or a metrics subscription: what was set for it, and below it what the broker's configuration says.
/// Immutable; every key's value is found once and kept.
/// </summary>
public sealed class ResourceConfig
{
    private readonly ConfigTable _table;
    private readonly ConfigSource _source;
    private readonly BrokerConfig _broker;
    private readonly IReadOnlyDictionary<string, string> _overrides;
    private readonly Dictionary<string, ConfigValue> _values = new(StringComparer.Ordinal);

    private ResourceConfig(ConfigTable table, ConfigSource source, IReadOnlyDictionary<string, string> overrides, BrokerConfig broker)
    {
        _table = table;
        _source = source;
        _broker = broker;
        _overrides = overrides;
        foreach (ConfigKey key in table.Keys)
        {
            if (overrides.TryGetValue(key.Name, out string? raw) && ConfigValue.TryParse(key, raw, out ConfigValue value, out _))
            {
                _values[key.Name] = value;
            }
            else if (Inherited(key) is { } inherited)
            {
                _values[key.Name] = inherited;
            }
        }
    }

    public static ResourceConfig OfTopic(IReadOnlyDictionary<string, string> overrides, BrokerConfig broker) =>
        new(ConfigTable.Topic, ConfigSource.Topic, overrides, broker);

    public static ResourceConfig OfGroup(IReadOnlyDictionary<string, string> overrides, BrokerConfig broker) =>
        new(ConfigTable.Group, ConfigSource.Group, overrides, broker);

    public static ResourceConfig OfClientMetrics(IReadOnlyDictionary<string, string> overrides, BrokerConfig broker) =>
        new(ConfigTable.ClientMetrics, ConfigSource.ClientMetrics, overrides, broker);

    /// <summary>The value that counts; null when the key has none.</summary>
    public ConfigValue? Find(string name) => _values.GetValueOrDefault(name);

    public bool GetBoolean(string name) => _values[name].AsBoolean();

    public int GetInt(string name) => _values[name].AsInt();

    public long GetLong(string name) => _values[name].AsLong();

    public double GetDouble(string name) => _values[name].AsDouble();

    public string GetString(string name) => _values[name].Text;

    public ImmutableArray<string> GetList(string name) => Find(name)?.AsList() ?? [];

    /// <summary>One key as DescribeConfigs shows it.</summary>
    public DescribedConfig Describe(ConfigKey key)
    {
        var places = new List<ConfigSynonym>();
        string? value = key.IsSensitive ? null : Find(key.Name)?.Text;
        if (_overrides.ContainsKey(key.Name))
        {
            places.Add(new ConfigSynonym(key.Name, value, _source));
        }

        if (!key.BrokerSynonyms.IsEmpty)
        {
            places.AddRange(_broker.SynonymsOf(key.BrokerSynonyms[0], key.IsSensitive));
        }
        else if (_source == ConfigSource.Group)
        {
            // Of groups Kafka shows the default as a place too where brokers have no key for it; of topics it does not.
            places.Add(new ConfigSynonym(key.Name, _table.DefaultOf(key.Name)?.Text, ConfigSource.Default));
        }

        return new DescribedConfig(
            key,
            key.Name,
            value,
            places.Count == 0 ? ConfigSource.Default : places[0].Source,
            IsReadOnly: false,
            places);
    }

    /// <summary>All keys that clients may see, sorted by name.</summary>
    public IEnumerable<DescribedConfig> DescribeAll() => _table.Keys.Where(key => !key.IsInternal).Select(Describe);

    private ConfigValue? Inherited(ConfigKey key)
    {
        foreach (string brokerKey in key.BrokerSynonyms)
        {
            if (_broker.Find(brokerKey) is { } value
                && ConfigValue.TryParse(key with { Rule = ConfigRule.Any }, BrokerSynonyms.InMilliseconds(brokerKey, value), out ConfigValue inUnit, out _))
            {
                return inUnit;
            }
        }

        return _table.DefaultOf(key.Name);
    }
}
