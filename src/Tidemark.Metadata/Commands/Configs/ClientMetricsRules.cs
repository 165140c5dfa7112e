using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>What may be set for a metrics subscription (KIP-714).</summary>
internal static class ClientMetricsRules
{
    private static readonly ImmutableArray<string> s_attributes =
        ["client_id", "client_instance_id", "client_software_name", "client_software_version", "client_source_address", "client_source_port"];

    public static (ErrorCode Code, string? Message) Check(ImmutableSortedDictionary<string, string> wanted)
    {
        foreach ((string name, string value) in wanted)
        {
            if (ConfigTable.ClientMetrics.ProblemOf(name, value) is { } problem)
            {
                return (IsOfItsType(name, value) ? ErrorCode.InvalidRequest : ErrorCode.InvalidConfig, problem);
            }

            if (ConfigTable.ClientMetrics.Find(name)!.Type == ConfigType.List && value.Trim().Length > 0 && value.Split(',').Any(item => item.Trim().Length == 0))
            {
                return (ErrorCode.InvalidConfig, $"Invalid value {value} for configuration {name}: what is between commas must not be empty.");
            }
        }

        if (!wanted.TryGetValue("match", out string? match) || match.Trim().Length == 0)
        {
            return (ErrorCode.None, null);
        }

        foreach (string pair in match.Split(','))
        {
            // As Kafka splits it: what follows the pattern may be more of '=', and nothing else.
            string[] sides = pair.Trim().TrimEnd('=').Split('=');
            if (sides.Length != 2 || !s_attributes.Contains(sides[0].Trim()) || !IsPattern(sides[1].Trim()))
            {
                return (ErrorCode.InvalidConfig, $"Invalid value {match} for configuration match: allowed are pairs of one of [{string.Join(", ", s_attributes)}], '=' and a regular expression.");
            }
        }

        return (ErrorCode.None, null);
    }

    /// <summary>A number beyond its bounds is another refusal than a text that is no number; a key that nobody knows has no type to miss.</summary>
    private static bool IsOfItsType(string name, string value) =>
        ConfigTable.ClientMetrics.Find(name) is not { } key || ConfigValue.TryParse(key with { Rule = ConfigRule.Any }, value, out _, out _);

    private static bool IsPattern(string text)
    {
        try
        {
            _ = new Regex(text, RegexOptions.NonBacktracking);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
