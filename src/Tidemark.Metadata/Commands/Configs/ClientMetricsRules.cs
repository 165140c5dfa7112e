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
                return (ErrorCode.InvalidRequest, problem);
            }
        }

        if (!wanted.TryGetValue("match", out string? match) || match.Trim().Length == 0)
        {
            return (ErrorCode.None, null);
        }

        foreach (string pair in match.Split(','))
        {
            int at = pair.IndexOf('=');
            if (at <= 0 || !s_attributes.Contains(pair[..at].Trim()) || !IsPattern(pair[(at + 1)..].Trim()))
            {
                return (ErrorCode.InvalidConfig, $"Invalid value {match} for configuration match: allowed are pairs of one of [{string.Join(", ", s_attributes)}], '=' and a regular expression.");
            }
        }

        return (ErrorCode.None, null);
    }

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
