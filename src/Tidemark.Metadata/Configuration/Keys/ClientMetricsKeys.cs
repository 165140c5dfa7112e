using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>What can be set for a subscription to the metrics of clients (KIP-714).</summary>
internal static class ClientMetricsKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("metrics", "", "Prefixes of the names of the metrics to collect; * collects all."),
        Int("interval.ms", "300000", "How often clients push their metrics.").Within(100, 3_600_000),
        List("match", "", "Which clients push: name=regular expression, several with commas; empty means all."),
    ];
}
