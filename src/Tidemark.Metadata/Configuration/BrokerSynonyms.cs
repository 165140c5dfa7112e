using System.Collections.Immutable;

namespace Tidemark.Metadata.Configuration;

/// <summary>Broker keys that say the same thing, in several units or for one listener and for all, the strongest first.</summary>
internal static class BrokerSynonyms
{
    private static readonly ImmutableArray<ImmutableArray<string>> s_families =
    [
        ["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
        ["log.roll.ms", "log.roll.hours"],
        ["log.roll.jitter.ms", "log.roll.jitter.hours"],
        ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
    ];

    public static ImmutableArray<string> Of(string name)
    {
        foreach (ImmutableArray<string> family in s_families)
        {
            if (family.Contains(name) && name != "log.flush.scheduler.interval.ms")
            {
                return family;
            }
        }

        return ListenerKeys.Behind(name) is { } plain ? [name, plain] : [name];
    }

    /// <summary>The value of a broker key in the unit of the topic key that it stands for: hours and minutes become milliseconds.</summary>
    public static string InMilliseconds(string brokerKey, ConfigValue value) =>
        brokerKey.EndsWith(".hours", StringComparison.Ordinal) ? Scale(value.AsLong(), 3_600_000)
        : brokerKey.EndsWith(".minutes", StringComparison.Ordinal) ? Scale(value.AsLong(), 60_000)
        : value.Text;

    private static string Scale(long value, long factor) =>
        (value < 0 ? -1 : value * factor).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
