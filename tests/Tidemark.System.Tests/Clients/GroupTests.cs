using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clients;

/// <summary>Groups as clients use them: members share partitions, leave, are lost, come back, and what they committed is what the next one begins with.</summary>
[Collection(ClientsCollection.Name)]
public class GroupTests(BrokerForClients fixture)
{
    private const int Records = 300;

    private string Bootstrap => fixture.Broker.Bootstrap;

    [ClientFact("confluent-kafka-python")]
    public Task Confluent_kafka_python_shares_partitions_by_range_and_cooperatively_and_static_members_keep_theirs() =>
        ScriptClient.ConfluentPython.MeetInGroupsAsync(Bootstrap, "group-confluent-python");

    [ClientFact("kafka-python")]
    public Task Kafka_python_shares_partitions_and_administers_groups() =>
        ScriptClient.KafkaPython.MeetInGroupsAsync(Bootstrap, "group-kafka-python");

    [ClientFact("kafkajs")]
    public Task Kafkajs_shares_partitions_and_administers_groups() =>
        ScriptClient.KafkaJs.MeetInGroupsAsync(Bootstrap, "group-kafkajs");

    [ClientFact("kcat")]
    public async Task Kcat_reads_a_topic_in_a_group_once()
    {
        const string topic = "group-kcat";
        string lines = string.Concat(Enumerable.Range(0, Records).Select(i => $"{i}\n"));
        (await ChildProcess.RunAsync("kcat", ["-P", "-b", Bootstrap, "-t", topic], lines)).Succeeded();

        Assert.Equal(Enumerable.Range(0, Records), await ReadAsync());
        Assert.Empty(await ReadAsync());

        async Task<IEnumerable<int>> ReadAsync()
        {
            string[] arguments = ["-b", Bootstrap, "-G", "group-kcat", "-e", "-q", "-X", "auto.offset.reset=earliest", topic];
            string read = (await ChildProcess.RunAsync("kcat", arguments)).Succeeded();
            return read.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Order();
        }
    }

    [ClientFact("java")]
    public async Task Javas_console_consumer_reads_in_a_group_that_the_tools_describe_and_delete()
    {
        const string topic = "group-java";
        string[] server = ["--bootstrap-server", Bootstrap];
        string lines = string.Concat(Enumerable.Range(0, Records).Select(i => $"{i}\n"));
        await JavaClient.RunAsync(lines, ["console-producer", .. server, "--topic", topic]);
        string read = await JavaClient.RunAsync(
            "", ["console-consumer", .. server, "--topic", topic, "--group", topic, "--from-beginning", "--max-messages", $"{Records}", "--timeout-ms", "30000"]);
        Assert.Equal(Enumerable.Range(0, Records), read.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Order());

        string[] group = ["consumer-groups", .. server];
        Assert.Contains(topic, (await JavaClient.RunAsync("", [.. group, "--list"])).Split('\n'));
        Assert.Contains("Empty", await JavaClient.RunAsync("", [.. group, "--describe", "--group", topic, "--state"]), StringComparison.Ordinal);
        string[] rows = (await JavaClient.RunAsync("", [.. group, "--describe", "--group", topic])).Split('\n').Where(l => l.StartsWith(topic, StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, rows.Length);
        Assert.All(rows, row => Assert.Equal("0", row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5]));
        await JavaClient.RunAsync("", [.. group, "--delete", "--group", topic]);
        Assert.DoesNotContain(topic, (await JavaClient.RunAsync("", [.. group, "--list"])).Split('\n'));
    }

    [ClientFact("java")]
    public async Task Kafkas_tool_moves_what_a_group_has_committed_in_every_way_and_deletes_it()
    {
        const string topic = "group-moved";
        const int offset = 3;
        string[] server = ["--bootstrap-server", Bootstrap];
        await JavaClient.RunAsync("", ["topics", .. server, "--create", "--topic", topic, "--partitions", "1"]);
        await JavaClient.RunAsync(string.Concat(Enumerable.Range(0, 10).Select(i => $"{i}\n")), ["console-producer", .. server, "--topic", topic]);
        string plan = Path.Combine(Path.GetTempPath(), $"tidemark-{Guid.NewGuid():N}.csv");
        try
        {
            await File.WriteAllTextAsync(plan, $"{topic},0,7\n");
            Assert.Equal(10, await Moved("--to-latest"));
            Assert.Equal(8, await Moved("--shift-by", "-2"));
            Assert.Equal(8, await Moved("--to-current"));
            Assert.Equal(offset, await Moved("--to-offset", $"{offset}"));
            Assert.Equal(0, await Moved("--to-datetime", "2020-01-01T00:00:00.000"));
            Assert.Equal(7, await Moved("--from-file", plan));
            Assert.Equal(0, await Moved("--by-duration", "P1D"));
            Assert.Equal(10, await Moved("--shift-by", "99"));
            Assert.Equal(0, await Moved("--to-earliest"));
        }
        finally
        {
            File.Delete(plan);
        }

        string deleted = await JavaClient.RunAsync("", ["consumer-groups", .. server, "--delete-offsets", "--group", topic, "--topic", topic]);
        Assert.Contains("Successful", deleted, StringComparison.Ordinal);

        async Task<int> Moved(params string[] how)
        {
            string[] at = how[0] == "--from-file" ? [] : ["--topic", topic];
            string told = await JavaClient.RunAsync("", ["consumer-groups", .. server, "--reset-offsets", "--group", topic, .. at, .. how, "--execute"]);
            return int.Parse(told.Split('\n').Single(line => line.StartsWith(topic, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]);
        }
    }

    [ClientFact("java")]
    public Task Javas_verifiable_consumer_reads_and_commits_in_the_classic_protocol() => VerifyAsync("classic");

    [ClientFact("java")]
    public Task Javas_verifiable_consumer_reads_and_commits_in_the_consumer_protocol() => VerifyAsync("consumer");

    private async Task VerifyAsync(string protocol)
    {
        string topic = $"group-verified-{protocol}";
        string[] server = ["--bootstrap-server", Bootstrap];
        await JavaClient.RunAsync("", ["topics", .. server, "--create", "--topic", topic, "--partitions", "2"]);
        await JavaClient.RunAsync(string.Concat(Enumerable.Range(0, Records).Select(i => $"{i}\n")), ["console-producer", .. server, "--topic", topic]);
        string told = await JavaClient.RunAsync(
            "", ["verifiable-consumer", .. server, "--topic", topic, "--group-id", topic, "--group-protocol", protocol, "--reset-policy", "earliest", "--max-messages", $"{Records}"]);

        Assert.Contains("\"partitions_assigned\"", told, StringComparison.Ordinal);
        Assert.DoesNotContain("\"success\":false", told, StringComparison.Ordinal);
        Assert.Contains("\"offsets_committed\"", told, StringComparison.Ordinal);
    }
}
