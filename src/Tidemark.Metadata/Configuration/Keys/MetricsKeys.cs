using static Tidemark.Metadata.Configuration.Keys.Define;

namespace Tidemark.Metadata.Configuration.Keys;

/// <summary>Metrics, client telemetry and the measuring of quotas.</summary>
internal static class MetricsKeys
{
    public static IEnumerable<ConfigKey> All { get; } =
    [
        List("metric.reporters", "org.apache.kafka.common.metrics.JmxReporter", "Classes that report metrics.")
            .ClusterWide(),
        Int("metrics.num.samples", "2", "Samples kept to compute a metric.")
            .AtLeast(1),
        Long("metrics.sample.window.ms", "30000", "The span of each sample of a metric.")
            .AtLeast(1),
        String("metrics.recording.level", "INFO", "How detailed the recorded metrics are: INFO, DEBUG or TRACE."),
        List("kafka.metrics.reporters", "", "Classes that report the older kind of metrics."),
        Int("kafka.metrics.polling.interval.secs", "10", "How often those classes are polled.")
            .AtLeast(1),
        Int("telemetry.max.bytes", "1048576", "The largest set of metrics that a client may push.")
            .AtLeast(1),
        Int("quota.window.num", "11", "Samples kept to measure client quotas.")
            .AtLeast(1),
        Int("quota.window.size.seconds", "1", "The span of each sample of client quotas.")
            .AtLeast(1),
        Class("client.quota.callback.class", null, "A class that decides which quota counts for a client."),
        List("config.providers", "", "Sources from which values of this configuration may be taken. They are Java classes: a node that has one configured does not start.")
            .ClusterWide(),
    ];
}
