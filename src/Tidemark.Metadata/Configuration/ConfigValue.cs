using System.Collections.Immutable;
using System.Globalization;

namespace Tidemark.Metadata.Configuration;

/// <summary>
/// A configuration value that was read and found right. Its text is the canonical form that DescribeConfigs shows:
/// trimmed, lists joined with commas, doubles as Java prints them.
/// </summary>
public sealed class ConfigValue
{
    private readonly long _long;
    private readonly double _double;
    private readonly ImmutableArray<string> _list;

    private ConfigValue(string text, long number, double real, ImmutableArray<string> list)
    {
        Text = text;
        _long = number;
        _double = real;
        _list = list;
    }

    /// <summary>The canonical text.</summary>
    public string Text { get; }

    public bool AsBoolean() => _long != 0;

    public int AsInt() => checked((int)_long);

    public long AsLong() => _long;

    public double AsDouble() => _double;

    public ImmutableArray<string> AsList() => _list;

    /// <summary>Reads a value of the key's type and holds it against the key's rule.</summary>
    /// <returns>False, and a sentence with key, value and what is allowed, when the value is wrong.</returns>
    public static bool TryParse(ConfigKey key, string raw, out ConfigValue value, out string problem)
    {
        string text = raw.Trim();
        value = null!;
        problem = "";
        switch (key.Type)
        {
            case ConfigType.Boolean:
                bool yes = text.Equals("true", StringComparison.OrdinalIgnoreCase);
                if (!yes && !text.Equals("false", StringComparison.OrdinalIgnoreCase))
                {
                    problem = Describe(key, raw, "true or false");
                    return false;
                }

                value = new ConfigValue(yes ? "true" : "false", yes ? 1 : 0, 0, []);
                break;
            case ConfigType.Short:
            case ConfigType.Int:
            case ConfigType.Long:
                (long low, long high, string kind) = key.Type switch
                {
                    ConfigType.Short => (short.MinValue, short.MaxValue, "a 16-bit integer"),
                    ConfigType.Int => (int.MinValue, int.MaxValue, "a 32-bit integer"),
                    _ => (long.MinValue, long.MaxValue, "a 64-bit integer"),
                };
                if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) || number < low || number > high)
                {
                    problem = Describe(key, raw, kind + And(key));
                    return false;
                }

                value = new ConfigValue(number.ToString(CultureInfo.InvariantCulture), number, number, []);
                break;
            case ConfigType.Double:
                if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) || double.IsNaN(real))
                {
                    problem = Describe(key, raw, "a number" + And(key));
                    return false;
                }

                value = new ConfigValue(JavaNumber.Format(real), (long)real, real, []);
                break;
            case ConfigType.List:
                ImmutableArray<string> list = text.Length == 0 ? [] : [.. text.Split(',').Select(item => item.Trim())];
                value = new ConfigValue(string.Join(',', list), 0, 0, list);
                break;
            default:
                value = new ConfigValue(text, 0, 0, []);
                break;
        }

        if (!key.Rule.Accepts(value))
        {
            problem = Describe(key, raw, key.Rule.Allowed);
            return false;
        }

        return true;
    }

    /// <summary>The default of the key; null when it has none.</summary>
    public static ConfigValue? DefaultOf(ConfigKey key)
    {
        if (key.Default is null)
        {
            return null;
        }

        // Some defaults lie outside what may be set (an empty list that must not be given empty), so the rule is not asked.
        return TryParse(key with { Rule = ConfigRule.Any }, key.Default, out ConfigValue value, out string problem)
            ? value
            : throw new InvalidOperationException(problem);
    }

    private static string And(ConfigKey key) => key.Rule.Allowed.Length == 0 ? "" : " in " + key.Rule.Allowed;

    private static string Describe(ConfigKey key, string raw, string allowed) =>
        key.IsSensitive
            ? $"Invalid value for configuration {key.Name}: allowed is {allowed}."
            : $"Invalid value {raw} for configuration {key.Name}: allowed is {allowed}.";
}
