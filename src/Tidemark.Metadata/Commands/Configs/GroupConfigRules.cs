using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;

namespace Tidemark.Metadata.Commands.Configs;

/// <summary>What may be set for a group: the brokers' files bound some of the keys.</summary>
internal static class GroupConfigRules
{
    private static readonly ImmutableArray<(string Key, string? Least, string? Most)> s_bounds =
    [
        ("consumer.session.timeout.ms", "group.consumer.min.session.timeout.ms", "group.consumer.max.session.timeout.ms"),
        ("consumer.heartbeat.interval.ms", "group.consumer.min.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"),
        ("consumer.assignment.interval.ms", "group.consumer.min.assignment.interval.ms", "group.consumer.max.assignment.interval.ms"),
        ("share.session.timeout.ms", "group.share.min.session.timeout.ms", "group.share.max.session.timeout.ms"),
        ("share.heartbeat.interval.ms", "group.share.min.heartbeat.interval.ms", "group.share.max.heartbeat.interval.ms"),
        ("share.assignment.interval.ms", "group.share.min.assignment.interval.ms", "group.share.max.assignment.interval.ms"),
        ("share.record.lock.duration.ms", "group.share.min.record.lock.duration.ms", "group.share.max.record.lock.duration.ms"),
        ("share.delivery.count.limit", "group.share.min.delivery.count.limit", "group.share.max.delivery.count.limit"),
        ("share.partition.max.record.locks", "group.share.min.partition.max.record.locks", "group.share.max.partition.max.record.locks"),
        ("streams.session.timeout.ms", "group.streams.min.session.timeout.ms", "group.streams.max.session.timeout.ms"),
        ("streams.heartbeat.interval.ms", "group.streams.min.heartbeat.interval.ms", "group.streams.max.heartbeat.interval.ms"),
        ("streams.assignment.interval.ms", "group.streams.min.assignment.interval.ms", "group.streams.max.assignment.interval.ms"),
        ("streams.num.standby.replicas", null, "group.streams.max.standby.replicas"),
    ];

    public static string? ProblemOf(ImmutableSortedDictionary<string, string> wanted, BrokerConfig broker)
    {
        foreach ((string name, string value) in wanted)
        {
            if (ConfigTable.Group.ProblemOf(name, value) is { } problem)
            {
                return problem;
            }
        }

        var config = ResourceConfig.OfGroup(wanted, broker);
        foreach ((string key, string? leastKey, string? mostKey) in s_bounds)
        {
            int value = config.GetInt(key);
            int least = leastKey is null ? int.MinValue : broker.GetInt(leastKey);
            int most = mostKey is null ? int.MaxValue : broker.GetInt(mostKey);
            if (wanted.ContainsKey(key) && (value < least || value > most))
            {
                return $"Invalid value {value} for configuration {key}: allowed by the brokers is [{(leastKey is null ? "..." : least)},...,{most}].";
            }
        }

        foreach (string kind in new[] { "consumer", "share", "streams" })
        {
            int session = config.GetInt($"{kind}.session.timeout.ms");
            int heartbeat = config.GetInt($"{kind}.heartbeat.interval.ms");
            if (session <= heartbeat)
            {
                return $"Invalid value {session} for configuration {kind}.session.timeout.ms: allowed is more than {kind}.heartbeat.interval.ms, which is {heartbeat}.";
            }
        }

        return null;
    }
}
