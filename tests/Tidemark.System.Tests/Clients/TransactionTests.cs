using Confluent.Kafka;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clients;

/// <summary>Transactions as clients use them: what is committed is seen, what is aborted or taken over is not, and offsets go with them.</summary>
[Collection(ClientsCollection.Name)]
public class TransactionTests(BrokerForClients fixture)
{
    private const int Records = 20;
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(30);

    private string Bootstrap => fixture.Broker.Bootstrap;

    [ClientFact("confluent-kafka-python")]
    public Task Confluent_kafka_python_commits_and_aborts_records_and_offsets_and_is_fenced_by_its_second_instance() =>
        ScriptClient.ConfluentPython.UseTransactionsAsync(Bootstrap, "transactions-confluent-python");

    [ClientFact("kafkajs")]
    public Task Kafkajs_commits_and_aborts_records_and_offsets_and_is_fenced_by_its_second_instance() =>
        ScriptClient.KafkaJs.UseTransactionsAsync(Bootstrap, "transactions-kafkajs");

    [ClientFact("Confluent.Kafka")]
    public async Task Confluent_dotnet_copies_in_a_group_and_its_second_instance_goes_on_where_the_first_committed()
    {
        const string input = "transactions-dotnet";
        const string output = "transactions-dotnet-copy";
        foreach (string topic in new[] { input, output })
        {
            await KafkaClient.Named("Confluent.Kafka").CreateTopicAsync(Bootstrap, topic);
        }

        string[] values = [.. Enumerable.Range(0, 2 * Records).Select(i => $"{i:00}")];
        using (OpenTransaction writer = OpenTransaction.Begin(Bootstrap, input))
        {
            await writer.WriteAsync(input, 0, values[..Records]);
            await writer.WriteAsync(input, 1, values[Records..]);
            writer.Producer.CommitTransaction(AnswerTimeMax);
        }

        using OpenTransaction first = OpenTransaction.Begin(Bootstrap, output);
        using (IConsumer<Ignore, string> consumer = Join())
        {
            string[] half = Read(consumer, Records);
            await first.WriteAsync(output, 0, half);
            first.Producer.SendOffsetsToTransaction(Positions(consumer), consumer.ConsumerGroupMetadata, AnswerTimeMax);
            first.Producer.CommitTransaction(AnswerTimeMax);

            // This one is never committed: the second instance ends it.
            first.Producer.BeginTransaction();
            await first.WriteAsync(output, 0, Read(consumer, Records));
            first.Producer.SendOffsetsToTransaction(Positions(consumer), consumer.ConsumerGroupMetadata, AnswerTimeMax);
            consumer.Close();
        }

        using OpenTransaction second = OpenTransaction.Begin(Bootstrap, output);
        using (IConsumer<Ignore, string> consumer = Join())
        {
            await second.WriteAsync(output, 1, Read(consumer, Records));
            second.Producer.SendOffsetsToTransaction(Positions(consumer), consumer.ConsumerGroupMetadata, AnswerTimeMax);
            KafkaException fenced = Assert.ThrowsAny<KafkaException>(() => first.Producer.CommitTransaction(AnswerTimeMax));
            Assert.Equal((Confluent.Kafka.ErrorCode.Local_Fenced, true), (fenced.Error.Code, fenced.Error.IsFatal));
            second.Producer.CommitTransaction(AnswerTimeMax);
            consumer.Close();
        }

        using IConsumer<Ignore, string> reader = Consumer(output + "-reader");
        reader.Assign([new TopicPartitionOffset(output, 0, 0), new TopicPartitionOffset(output, 1, 0)]);
        Assert.Equal(values, Read(reader, 2 * Records).Order());

        IConsumer<Ignore, string> Join()
        {
            IConsumer<Ignore, string> consumer = Consumer(output);
            consumer.Subscribe(input);
            return consumer;
        }
    }

    [ClientFact("java")]
    public async Task Javas_producer_of_load_commits_what_its_console_consumer_reads()
    {
        const string topic = "transactions-java";
        string[] server = ["--bootstrap-server", Bootstrap];
        await JavaClient.RunAsync("", ["topics", .. server, "--create", "--topic", topic, "--partitions", "2"]);
        if (KafkaClient.Named("Confluent.Kafka").Absence is null)
        {
            using OpenTransaction aborted = OpenTransaction.Begin(Bootstrap, topic + "-aborted");
            await aborted.WriteAsync(topic, 0, "aborted");
            aborted.Producer.AbortTransaction(AnswerTimeMax);
        }

        await JavaClient.RunAsync(
            "",
            ["producer-perf-test", "--topic", topic, "--num-records", "2000", "--record-size", "20", "--throughput", "-1", "--transactional-id", topic, "--transaction-duration-ms", "50", .. server]);
        string read = await JavaClient.RunAsync(
            "", ["console-consumer", .. server, "--topic", topic, "--from-beginning", "--isolation-level", "read_committed", "--max-messages", "2000", "--timeout-ms", "30000"]);
        string[] lines = read.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2000, lines.Length);
        Assert.DoesNotContain("aborted", lines);
    }

    [KafkaFact]
    public async Task Kafkas_tool_lists_and_describes_a_transaction()
    {
        const string topic = "transactions-tool";
        await ConfluentDotnet().CreateTopicAsync(Bootstrap, topic);
        using OpenTransaction open = OpenTransaction.Begin(Bootstrap, topic);
        await open.WriteAsync(topic, 1, "open");

        string[] listed = (await ToolAsync("list")).Row(topic);
        Assert.Equal((topic, "Ongoing"), (listed[0], listed[3]));
        string described = await ToolAsync("describe", "--transactional-id", topic);
        Assert.Contains("Ongoing", described, StringComparison.Ordinal);
        Assert.Contains($"{topic}-1", described, StringComparison.Ordinal);
        Assert.Equal(listed[2], (await ToolAsync("describe-producers", "--topic", topic, "--partition", "1")).Row(listed[2])[0]);
        open.Producer.CommitTransaction(AnswerTimeMax);
    }

    [KafkaFact]
    public async Task Kafkas_tool_finds_a_transaction_that_hangs_and_aborts_it()
    {
        const string topic = "transactions-hanging";
        const long producerId = 700_001;
        await ConfluentDotnet().CreateTopicAsync(Bootstrap, topic);
        long start = await HangingTransaction.BeginAsync(fixture.Broker, topic, producerId);
        string[] find = ["find-hanging", "--topic", topic, "--max-transaction-timeout", "1"];
        Assert.Equal([topic, "0", $"{producerId}", "0"], (await ToolAsync(find)).Row(topic)[..4]);
        await ToolAsync("abort", "--topic", topic, "--partition", "0", "--start-offset", $"{start}");
        Assert.DoesNotContain($"{producerId}", await ToolAsync(find), StringComparison.Ordinal);

        using OpenTransaction behind = OpenTransaction.Begin(Bootstrap, topic);
        await behind.WriteAsync(topic, 0, "behind");
        behind.Producer.CommitTransaction(AnswerTimeMax);
        using IConsumer<Ignore, string> reader = Consumer(topic);
        reader.Assign(new TopicPartitionOffset(topic, 0, 0));
        Assert.Equal(["behind"], Read(reader, 1));
    }

    [KafkaFact]
    public async Task Kafkas_tool_ends_a_transaction_whose_producer_does_not_and_fences_it()
    {
        const string topic = "transactions-terminated";
        await ConfluentDotnet().CreateTopicAsync(Bootstrap, topic);
        using OpenTransaction open = OpenTransaction.Begin(Bootstrap, topic);
        await open.WriteAsync(topic, 0, "never committed");
        Assert.Equal("Ongoing", (await ToolAsync("list")).Row(topic)[3]);
        Assert.Empty((await ToolAsync("list", "--duration-filter", "3600000")).Rows(topic));

        await ToolAsync("forceTerminateTransaction", "--transactionalId", topic);
        Assert.Equal("Empty", (await ToolAsync("list")).Row(topic)[3]);
        KafkaException fenced = Assert.ThrowsAny<KafkaException>(() => open.Producer.CommitTransaction(AnswerTimeMax));
        Assert.Equal((Confluent.Kafka.ErrorCode.Local_Fenced, true), (fenced.Error.Code, fenced.Error.IsFatal));

        using OpenTransaction next = OpenTransaction.Begin(Bootstrap, topic);
        await next.WriteAsync(topic, 0, "committed");
        next.Producer.CommitTransaction(AnswerTimeMax);
        using IConsumer<Ignore, string> reader = Consumer(topic);
        reader.Assign(new TopicPartitionOffset(topic, 0, 0));
        Assert.Equal(["committed"], Read(reader, 1));
    }

    private static KafkaClient ConfluentDotnet()
    {
        KafkaClient client = KafkaClient.Named("Confluent.Kafka");
        Assert.True(client.Absence is null, $"Kafka's tools are here, and the client that they look at is not: {client.Absence}");
        return client;
    }

    private static string[] Read(IConsumer<Ignore, string> consumer, int count)
    {
        List<string> read = [];
        while (read.Count < count)
        {
            ConsumeResult<Ignore, string>? result = consumer.Consume(AnswerTimeMax);
            Assert.True(result is not null, $"{read.Count} of {count} records came");
            read.Add(result.Message.Value);
        }

        return [.. read];
    }

    private static IEnumerable<TopicPartitionOffset> Positions(IConsumer<Ignore, string> consumer) =>
        consumer.Assignment.Select(partition => new TopicPartitionOffset(partition, consumer.Position(partition))).Where(position => position.Offset.Value >= 0);

    private Task<string> ToolAsync(params string[] arguments) => fixture.Tools.RunAsync("transactions", arguments);

    private IConsumer<Ignore, string> Consumer(string group)
    {
        ConsumerConfig configuration = new()
        {
            BootstrapServers = Bootstrap,
            GroupId = group,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            IsolationLevel = IsolationLevel.ReadCommitted,
        };
        return new ConsumerBuilder<Ignore, string>(configuration).SetLogHandler((_, _) => { }).Build();
    }
}
