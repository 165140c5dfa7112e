namespace Tidemark.Metadata.Configuration;

/// <summary>What must hold between several values of one topic.</summary>
public static class TopicConfigRules
{
    /// <summary>Checks all values set for a topic, one by one and together.</summary>
    /// <returns>Null, or a sentence that says what is wrong.</returns>
    public static string? ProblemOf(IReadOnlyDictionary<string, string> overrides, BrokerConfig broker)
    {
        foreach ((string name, string value) in overrides.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (ConfigTable.Topic.ProblemOf(name, value) is { } problem)
            {
                return problem;
            }
        }

        var config = ResourceConfig.OfTopic(overrides, broker);
        long least = config.GetLong("min.compaction.lag.ms");
        long most = config.GetLong("max.compaction.lag.ms");
        if (least > most)
        {
            return $"Invalid value {least} for configuration min.compaction.lag.ms: allowed is at most max.compaction.lag.ms, which is {most}.";
        }

        if (config.GetBoolean("remote.storage.enable"))
        {
            return "Invalid value true for configuration remote.storage.enable: allowed is false, since this broker has no tiered storage.";
        }

        return null;
    }
}
