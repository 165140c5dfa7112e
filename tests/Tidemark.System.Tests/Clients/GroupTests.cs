using System.Text.Json;
using Confluent.Kafka;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clients;

/// <summary>Groups as clients use them: members share partitions, leave, are lost, come back, and what they committed is what the next one begins with.</summary>
[Collection(ClientsCollection.Name)]
public class GroupTests(BrokerForClients fixture)
{
    private const int Records = 300;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

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

    [ConsumerProtocolFact]
    public async Task Confluent_dotnet_shares_partitions_in_the_consumer_protocol_and_takes_over_those_of_a_member_that_left()
    {
        const string topic = "group-confluent-dotnet";
        await KafkaClient.Named("Confluent.Kafka").CreateTopicAsync(Bootstrap, topic);
        using IConsumer<Ignore, string> first = Join(topic);
        using IConsumer<Ignore, string> second = Join(topic);
        await Eventually.HoldsAsync("each has a partition", s_patience, () =>
        {
            first.Consume(TimeSpan.Zero);
            second.Consume(TimeSpan.Zero);
            return first.Assignment.Count == 1 && second.Assignment.Count == 1;
        });
        Assert.NotEqual(first.Assignment, second.Assignment);
        Assert.Equal("Consumer", (await DescribedAsync(topic)).GetProperty("type").GetString(), ignoreCase: true);

        using IProducer<Null, string> producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = Bootstrap }).SetLogHandler((_, _) => { }).Build();
        await WriteAsync(0, 10);
        List<string> ofFirst = Read(first, 5);
        List<string> ofSecond = Read(second, 5);
        Assert.Equal(Enumerable.Range(0, 10), ofFirst.Concat(ofSecond).Select(int.Parse).Order());
        first.Commit();
        second.Commit();
        second.Close();
        await Eventually.HoldsAsync("one has both", s_patience, () =>
        {
            Assert.Null(first.Consume(TimeSpan.Zero));
            return first.Assignment.Count == 2;
        });
        await WriteAsync(10, 10);
        Assert.Equal(Enumerable.Range(10, 10), Read(first, 10).Select(int.Parse).Order());
        first.Close();

        Task WriteAsync(int from, int count) => Task.WhenAll(
            Enumerable.Range(from, count).Select(i => producer.ProduceAsync(new TopicPartition(topic, i % 2), new Message<Null, string> { Value = $"{i}" })));
    }

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

        Assert.Contains(topic, (await ToolAsync("--list")).Lines());
        Assert.Contains("Empty", (await ToolAsync("--describe", "--group", topic, "--state")).Row(topic));
        string[][] rows = (await ToolAsync("--describe", "--group", topic)).Rows(topic);
        Assert.Equal(2, rows.Length);
        Assert.All(rows, row => Assert.Equal("0", row[5]));
        await ToolAsync("--delete", "--group", topic);
        Assert.DoesNotContain(topic, (await ToolAsync("--list")).Lines());
    }

    [ClientFact("java")]
    public Task Javas_verifiable_consumer_reads_and_commits_in_the_classic_protocol() => VerifyAsync("classic");

    [ClientFact("java")]
    public Task Javas_verifiable_consumer_reads_and_commits_in_the_consumer_protocol() => VerifyAsync("consumer");

    private IConsumer<Ignore, string> Join(string topic)
    {
        ConsumerConfig configuration = new()
        {
            BootstrapServers = Bootstrap,
            GroupId = topic,
            GroupProtocol = GroupProtocol.Consumer,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        };
        IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(configuration).SetLogHandler((_, _) => { }).Build();
        consumer.Subscribe(topic);
        return consumer;
    }

    private static List<string> Read(IConsumer<Ignore, string> consumer, int count)
    {
        List<string> read = [];
        while (read.Count < count)
        {
            ConsumeResult<Ignore, string>? result = consumer.Consume(s_patience);
            Assert.True(result is not null, $"{read.Count} of {count} records came");
            read.Add(result.Message.Value);
        }

        return read;
    }

    private async Task<JsonElement> DescribedAsync(string group) => JsonDocument.Parse(
        (await ChildProcess.RunAsync(RunningBroker.Executable, ["groups", "describe", group, "--json", "--bootstrap-server", Bootstrap])).Succeeded()).RootElement;

    private Task<string> ToolAsync(params string[] arguments) => fixture.Tools.RunAsync("consumer-groups", arguments);

    private async Task VerifyAsync(string protocol)
    {
        string topic = $"group-verified-{protocol}";
        string[] server = ["--bootstrap-server", Bootstrap];
        await fixture.Tools.RunAsync("topics", "--create", "--topic", topic, "--partitions", "2");
        await JavaClient.RunAsync(string.Concat(Enumerable.Range(0, Records).Select(i => $"{i}\n")), ["console-producer", .. server, "--topic", topic]);
        string told = await JavaClient.RunAsync(
            "", ["verifiable-consumer", .. server, "--topic", topic, "--group-id", topic, "--group-protocol", protocol, "--reset-policy", "earliest", "--max-messages", $"{Records}"]);

        Assert.Contains("\"partitions_assigned\"", told, StringComparison.Ordinal);
        Assert.DoesNotContain("\"success\":false", told, StringComparison.Ordinal);
        Assert.Contains("\"offsets_committed\"", told, StringComparison.Ordinal);
    }
}
