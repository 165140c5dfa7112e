using System.Text.RegularExpressions;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clients;

/// <summary>Kafka's own command line tools, which speak the newest version of every API.</summary>
[Collection(ClientsCollection.Name)]
public partial class JavaToolsTests(BrokerForClients fixture)
{
    private string Bootstrap => fixture.Broker.Bootstrap;

    [KafkaFact]
    public async Task Topics_are_created_described_grown_and_deleted()
    {
        await ToolAsync("topics", "--create", "--topic", "java-topics", "--partitions", "3", "--config", "retention.ms=86400000");
        string described = await ToolAsync("topics", "--describe", "--topic", "java-topics");
        Assert.Contains("PartitionCount: 3", described, StringComparison.Ordinal);
        Assert.Contains("retention.ms=86400000", described, StringComparison.Ordinal);
        await ToolAsync("topics", "--alter", "--topic", "java-topics", "--partitions", "5");
        Assert.Contains("PartitionCount: 5", await ToolAsync("topics", "--describe", "--topic", "java-topics"), StringComparison.Ordinal);
        Assert.Contains("java-topics", await ToolAsync("topics", "--list"), StringComparison.Ordinal);
        await ToolAsync("topics", "--delete", "--topic", "java-topics");
        await Eventually.HoldsAsync("the topic is gone", TimeSpan.FromSeconds(20), async () => !(await ToolAsync("topics", "--list")).Contains("java-topics", StringComparison.Ordinal));
    }

    [KafkaFact]
    public async Task Configurations_of_topics_brokers_and_broker_defaults_are_altered_and_shown()
    {
        await ToolAsync("topics", "--create", "--topic", "java-configs");
        await ToolAsync("configs", "--alter", "--entity-type", "topics", "--entity-name", "java-configs", "--add-config", "max.message.bytes=20000");
        Assert.Contains("max.message.bytes=20000", await ToolAsync("configs", "--describe", "--entity-type", "topics", "--entity-name", "java-configs"), StringComparison.Ordinal);
        await ToolAsync("configs", "--alter", "--entity-type", "brokers", "--entity-default", "--add-config", "log.retention.ms=7200000");
        Assert.Contains("log.retention.ms=7200000", await ToolAsync("configs", "--describe", "--entity-type", "brokers", "--entity-default"), StringComparison.Ordinal);
        await ToolAsync("configs", "--alter", "--entity-type", "brokers", "--entity-default", "--delete-config", "log.retention.ms");
        string all = await ToolAsync("configs", "--describe", "--all", "--entity-type", "brokers", "--entity-name", "1");
        Assert.Contains("log.segment.bytes=1073741824", all, StringComparison.Ordinal);
        Assert.DoesNotContain("log.retention.ms=7200000", all, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task Producers_of_load_write_and_offsets_and_deleted_records_are_counted()
    {
        const string topic = "java-load";
        await ToolAsync("topics", "--create", "--topic", topic, "--partitions", "3");
        await JavaClient.RunAsync("", "producer-perf-test", "--topic", topic, "--num-records", "20000", "--record-size", "100", "--throughput", "-1", "--producer-props", $"bootstrap.servers={Bootstrap}", "acks=all");
        string verified = await JavaClient.RunAsync("", "verifiable-producer", "--bootstrap-server", Bootstrap, "--topic", topic, "--max-messages", "1000", "--acks", "-1");
        Assert.Contains("\"acked\":1000", verified.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(21000, Offsets(await ToolAsync("get-offsets", "--topic", topic)).Sum());

        string deletion = Path.Combine(fixture.Broker.Home, "delete-records.json");
        await File.WriteAllTextAsync(deletion, """{"partitions":[{"topic":"java-load","partition":0,"offset":10}],"version":1}""");
        await ToolAsync("delete-records", "--offset-json-file", deletion);
        Assert.Contains("java-load:0:10", await ToolAsync("get-offsets", "--topic", topic, "--time", "-2"), StringComparison.Ordinal);
        Assert.Contains("\"java-load-0\"", await ToolAsync("log-dirs", "--describe", "--topic-list", topic), StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task The_cluster_its_features_versions_and_quorum_are_described()
    {
        Assert.Contains("metadata.version", await ToolAsync("features", "describe"), StringComparison.Ordinal);
        Assert.DoesNotContain("UNKNOWN", await ToolAsync("broker-api-versions"), StringComparison.Ordinal);
        string quorum = await ToolAsync("metadata-quorum", "describe", "--status");
        Assert.Matches(LeaderIsNodeOne(), quorum);
        Assert.Contains("Leader", await ToolAsync("metadata-quorum", "describe", "--replication"), StringComparison.Ordinal);
        Assert.Contains("VGlkZW1hcmtTeXN0ZW0wMQ", await ToolAsync("cluster", "cluster-id"), StringComparison.Ordinal);
    }

    private Task<string> ToolAsync(string tool, params string[] arguments) => fixture.Tools.RunAsync(tool, arguments);

    private static IEnumerable<long> Offsets(string lines) => lines.Lines().Select(line => long.Parse(line.Split(':')[^1]));

    [GeneratedRegex(@"LeaderId:\s+1\b")]
    private static partial Regex LeaderIsNodeOne();
}
