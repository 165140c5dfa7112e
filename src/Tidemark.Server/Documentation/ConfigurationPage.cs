using System.Text;
using Tidemark.Metadata.Configuration;

namespace Tidemark.Server.Documentation;

/// <summary>docs/CONFIGURATION.md, written from the tables of keys that the server itself reads.</summary>
public static class ConfigurationPage
{
    // Keys of features that are not there yet: they are checked, kept and described to clients, and do nothing.
    private static readonly (string Prefix, string Feature)[] s_later =
    [
        ("ssl.", "TLS"), ("sasl.", "SASL"), ("delegation.token.", "delegation tokens"), ("authorizer.", "ACLs"), ("principal.builder.", "ACLs"), ("connections.max.reauth", "SASL"),
        ("remote.", "tiered storage"), ("log.local.", "tiered storage"), ("local.", "tiered storage"), ("follower.fetch.last.tiered", "tiered storage"),
        ("group.share.", "share groups"), ("share.", "share groups"), ("group.streams.", "streams groups"), ("streams.", "streams groups"),
        ("metric", "metrics"), ("kafka.metrics.", "metrics"), ("telemetry.", "client telemetry"), ("interval.ms", "client telemetry"),
        ("client.quota.", "quotas"), ("quota.window.", "quotas"), ("controller.quota.", "quotas"), ("connection.failed.authentication.", "SASL"), ("early.start.", "ACLs"), ("security.providers", "TLS"),
        ("transaction.two.phase.", "two-phase commit"),
    ];

    // Keys of what Kafka does inside and Tidemark does otherwise, such as threads, buffers and lists that it does not have.
    private static readonly HashSet<string> s_without =
    [
        "controller.quorum.append.linger.ms", "controller.quorum.fetch.max.bytes", "controller.quorum.fetch.snapshot.max.bytes", "controller.socket.timeout.ms", "metadata.max.idle.interval.ms",
        "delete.records.purgatory.purge.interval.requests", "fetch.purgatory.purge.interval.requests", "producer.purgatory.purge.interval.requests",
        "group.coordinator.append.linger.ms", "group.coordinator.background.threads", "group.coordinator.cached.buffer.max.bytes", "group.coordinator.threads",
        "offsets.load.buffer.size", "transaction.state.log.load.buffer.size",
        "file.delete.delay.ms", "log.cleaner.io.buffer.load.factor", "log.cleaner.io.buffer.size", "log.dir.failure.timeout.ms", "log.flush.start.offset.checkpoint.interval.ms", "log.preallocate", "preallocate",
        "num.replica.alter.log.dirs.threads", "queued.max.requests", "replica.socket.receive.buffer.bytes",
        "num.io.threads", "background.threads", "num.recovery.threads.per.data.dir",
        "socket.connection.setup.timeout.max.ms", "socket.connection.setup.timeout.ms",
    ];

    public static string Write()
    {
        var page = new StringBuilder();
        page.Append("""
            # Configuration

            Written by `tidemark docs configuration` from the tables that the server itself reads; a test compares the two.

            `tidemark server --config FILE` takes Kafka's property files: the same names, defaults and limits, the syntax of Java's property files. `--override key=value` replaces a property of the file.
            An unknown key is a warning in the log. A known key with a bad value stops the start with one line that names the key, the value and what is allowed, and exit code 1.

            In the columns below, *changes* says who may change a key while the broker runs (with `tidemark configs` or any Kafka tool): nobody (–), for one *broker*, or for the whole *cluster* (and then also for one broker).
            A value set for one broker counts before one set for the cluster, and both before the file. Keys marked with a feature in brackets belong to something that this version does not have yet: they are
            checked, kept and shown to clients, and have no effect. So are those marked *no effect*: they set the pace or the size of something that Apache Kafka does inside and Tidemark does in another way.

            ## Broker

            These stand in the property file.

            | key | type | default | allowed | changes | what it does |
            |---|---|---|---|---|---|

            """);
        foreach (ConfigKey key in ConfigTable.Broker.Keys.Where(k => !k.IsInternal || IsOurs(k)))
        {
            page.Append($"| `{key.Name}` | {TypeOf(key)} | {DefaultOf(key)} | {Escape(key.Rule.Allowed)} | {ChangesOf(key)} | {Describe(key)} |\n");
        }

        WriteResource(page, "Topics", "Set with `tidemark topics create --config`, `tidemark configs alter --topic`, or any Kafka tool, at any time. Where the topic sets nothing, the first of the broker's keys that is set counts.", ConfigTable.Topic);
        WriteResource(page, "Groups", "Set with any Kafka tool for a group.", ConfigTable.Group);
        WriteResource(page, "Client metrics", "Set with any Kafka tool for a subscription to metrics of clients.", ConfigTable.ClientMetrics);
        return page.ToString();
    }

    private static void WriteResource(StringBuilder page, string title, string intro, ConfigTable table)
    {
        page.Append($"\n## {title}\n\n{intro}\n\n| key | type | default | allowed | broker's keys | what it does |\n|---|---|---|---|---|---|\n");
        foreach (ConfigKey key in table.Keys.Where(k => !k.IsInternal))
        {
            string synonyms = string.Join(", ", key.BrokerSynonyms.Select(s => $"`{s}`"));
            page.Append($"| `{key.Name}` | {TypeOf(key)} | {DefaultOf(key)} | {Escape(key.Rule.Allowed)} | {synonyms} | {Describe(key)} |\n");
        }
    }

    /// <summary>Keys that Kafka has not are kept out of what clients are shown, but not out of what people can read.</summary>
    private static bool IsOurs(ConfigKey key) => key.Name.StartsWith("tidemark.", StringComparison.Ordinal) || key.Name is "leader.imbalance.per.broker.percentage";

    private static string TypeOf(ConfigKey key) => key.Type.ToString().ToLowerInvariant();

    private static string DefaultOf(ConfigKey key) => key switch
    {
        { IsRequired: true } => "**required**",
        { Default: null } => "–",
        { Default: "" } => "empty",
        { Default: "9223372036854775807" or "2147483647" or "1.7976931348623157E308" } => "no limit",
        _ => $"`{Escape(key.Default)}`",
    };

    private static string ChangesOf(ConfigKey key) => key.Dynamic switch
    {
        DynamicMode.PerBroker => "broker",
        DynamicMode.ClusterWide => "cluster",
        _ => "–",
    };

    private static string Describe(ConfigKey key)
    {
        string text = Escape(key.Documentation);
        string? feature = s_later.FirstOrDefault(l => key.Name.StartsWith(l.Prefix, StringComparison.Ordinal)).Feature;
        return feature is not null ? $"{text} ({feature})" : s_without.Contains(key.Name) ? $"{text} (*no effect*)" : text;
    }

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
