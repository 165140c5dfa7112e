using System.Collections.Immutable;

namespace Tidemark.Metadata.Configuration;

/// <summary>
/// The configuration of one broker: its property file, and above it what was set at run time, for all brokers and, strongest, for this one.
/// Immutable; a change at run time makes a new one.
/// </summary>
public sealed class BrokerConfig
{
    // Keys that belong to plugins or to a single listener; they are kept, and nobody is warned of them.
    private static readonly string[] s_openPrefixes = ["listener.name.", "config.providers.", "rsm.config.", "rlmm.config."];
    private static readonly ImmutableHashSet<string> s_pluginKeys = ["super.users", "allow.everyone.if.no.acl.found"];

    private readonly ImmutableDictionary<string, ConfigValue> _values;

    private BrokerConfig(
        ImmutableSortedDictionary<string, string> ofFile,
        ImmutableSortedDictionary<string, string> ofAllBrokers,
        ImmutableSortedDictionary<string, string> ofThisBroker)
    {
        OfFile = ofFile;
        OfAllBrokers = ofAllBrokers;
        OfThisBroker = ofThisBroker;
        var values = ImmutableDictionary.CreateBuilder<string, ConfigValue>(StringComparer.Ordinal);
        foreach (ImmutableSortedDictionary<string, string> layer in new[] { ofFile, ofAllBrokers, ofThisBroker })
        {
            foreach ((string name, string raw) in layer)
            {
                // The metadata log may hold values of keys that this version does not know, or no longer allows; the weaker layer then counts.
                if (ConfigTable.Broker.Find(name) is { } key && ConfigValue.TryParse(key, raw, out ConfigValue value, out _))
                {
                    values[name] = value;
                }
            }
        }

        _values = values.ToImmutable();
    }

    /// <summary>All defaults; a start for tests.</summary>
    public static BrokerConfig Empty { get; } = new(Sorted([]), Sorted([]), Sorted([]));

    /// <summary>The properties of the file, as they stand there.</summary>
    public ImmutableSortedDictionary<string, string> OfFile { get; }

    /// <summary>What was set at run time for all brokers.</summary>
    public ImmutableSortedDictionary<string, string> OfAllBrokers { get; }

    /// <summary>What was set at run time for this broker.</summary>
    public ImmutableSortedDictionary<string, string> OfThisBroker { get; }

    /// <summary>Reads a property file's entries, the later of two with the same name counts.</summary>
    /// <param name="properties">Names and values as in the file, with overrides behind them.</param>
    /// <param name="problems">Warnings for unknown keys, and what keeps the server from starting.</param>
    public static BrokerConfig Parse(IEnumerable<KeyValuePair<string, string>> properties, out IReadOnlyList<ConfigProblem> problems)
    {
        var found = new List<ConfigProblem>();
        var entries = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in properties)
        {
            entries[name] = value;
        }

        // The two names of the node's number stand for each other.
        if (entries.TryGetValue("broker.id", out string? id) && !entries.ContainsKey("node.id"))
        {
            entries["node.id"] = id;
        }
        else if (entries.TryGetValue("node.id", out id) && !entries.ContainsKey("broker.id"))
        {
            entries["broker.id"] = id;
        }

        foreach ((string name, string value) in entries)
        {
            if (ConfigTable.Broker.Find(name) is { } key)
            {
                if (!ConfigValue.TryParse(key, value, out _, out string problem))
                {
                    found.Add(new ConfigProblem(name, problem, IsFatal: true));
                }
            }
            else if (!s_pluginKeys.Contains(name) && !s_openPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                found.Add(new ConfigProblem(name, $"Unknown configuration {name} is ignored.", IsFatal: false));
            }
        }

        foreach (ConfigKey key in ConfigTable.Broker.Keys)
        {
            if (key.IsRequired && !entries.ContainsKey(key.Name))
            {
                found.Add(new ConfigProblem(key.Name, $"Missing configuration {key.Name}: it has no default. {key.Documentation}", IsFatal: true));
            }
        }

        problems = found;
        return new BrokerConfig(entries.ToImmutable(), Sorted([]), Sorted([]));
    }

    /// <summary>The same file with other values set at run time.</summary>
    public BrokerConfig WithDynamic(IEnumerable<KeyValuePair<string, string>> ofAllBrokers, IEnumerable<KeyValuePair<string, string>> ofThisBroker) =>
        new(OfFile, Sorted(ofAllBrokers), Sorted(ofThisBroker));

    /// <summary>The value that counts, a default included; null when there is none.</summary>
    public ConfigValue? Find(string name) => _values.TryGetValue(name, out ConfigValue? value) ? value : ConfigTable.Broker.DefaultOf(name);

    public bool GetBoolean(string name) => Get(name).AsBoolean();

    public int GetInt(string name) => Get(name).AsInt();

    public long GetLong(string name) => Get(name).AsLong();

    public double GetDouble(string name) => Get(name).AsDouble();

    public string GetString(string name) => Get(name).Text;

    public ImmutableArray<string> GetList(string name) => Find(name)?.AsList() ?? [];

    /// <summary>Where logs are kept, as they are named: <c>log.dirs</c>, or <c>log.dir</c> where that is not there.</summary>
    public ImmutableArray<string> LogDirectories => [.. (Find("log.dirs") is { } several ? several.AsList() : GetList("log.dir")).Where(path => path.Length > 0)];

    /// <summary>One key as DescribeConfigs shows it.</summary>
    /// <param name="defaultsOnly">True to see only what was set for all brokers at run time.</param>
    public DescribedConfig Describe(string name, bool defaultsOnly = false)
    {
        string? behindListener = ListenerKeys.Behind(name);
        ConfigKey? rate = ConfigTable.ReplicationRates.Find(name);
        ConfigKey? key = rate ?? ConfigTable.Broker.Find(behindListener ?? name);
        IReadOnlyList<ConfigSynonym> places = SynonymsOf(name, key is null || key.IsSensitive);
        if (defaultsOnly)
        {
            places = [.. places.Where(place => place.Source == ConfigSource.DynamicDefaultBroker)];
        }

        string? value = key is null || key.IsSensitive ? null
            : defaultsOnly ? OfAllBrokers.GetValueOrDefault(name)
            : rate is not null || behindListener is not null ? places.Select(place => place.Value).FirstOrDefault()
            : Find(name)?.Text;
        return new DescribedConfig(
            key,
            name,
            value,
            places.Count == 0 ? ConfigSource.Default : places[0].Source,
            IsReadOnly: key is null || key.Dynamic == DynamicMode.ReadOnly || behindListener is not null, // as Kafka shows keys of listeners, which can be set all the same
            places);
    }

    /// <summary>
    /// All places where the key or one of the keys that stand for it is set, the strongest first. Those of other names that are
    /// stronger than the key's own are left out, as Kafka does.
    /// </summary>
    public IReadOnlyList<ConfigSynonym> SynonymsOf(string name, bool isSensitive = false)
    {
        ImmutableArray<string> names = BrokerSynonyms.Of(name);
        var places = new List<ConfigSynonym>();
        AddFrom(OfThisBroker, ConfigSource.DynamicBroker);
        AddFrom(OfAllBrokers, ConfigSource.DynamicDefaultBroker);
        AddFrom(OfFile, ConfigSource.StaticBroker);
        foreach (string each in names)
        {
            if (ConfigTable.Broker.DefaultOf(each) is { } value)
            {
                places.Add(new ConfigSynonym(each, isSensitive ? null : value.Text, ConfigSource.Default));
            }
        }

        return [.. places.SkipWhile(place => place.Name != name)];

        void AddFrom(ImmutableSortedDictionary<string, string> layer, ConfigSource source)
        {
            foreach (string each in names)
            {
                if (layer.TryGetValue(each, out string? value))
                {
                    places.Add(new ConfigSynonym(each, isSensitive ? null : value, source));
                }
            }
        }
    }

    private ConfigValue Get(string name) => Find(name) ?? throw new InvalidOperationException($"configuration {name} has no value");

    private static ImmutableSortedDictionary<string, string> Sorted(IEnumerable<KeyValuePair<string, string>> entries)
    {
        var builder = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in entries)
        {
            builder[name] = value;
        }

        return builder.ToImmutable();
    }
}
