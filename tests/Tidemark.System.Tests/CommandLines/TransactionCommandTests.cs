using System.Text.Json;
using Confluent.Kafka;
using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Processes;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.CommandLines;

/// <summary>The commands about transactions, while a client holds one open and another hangs that no coordinator knows.</summary>
public sealed class TransactionCommandTests(CommandLineTests.Broker fixture) : IClassFixture<CommandLineTests.Broker>
{
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(30);

    [ClientFact("Confluent.Kafka")]
    public async Task An_open_transaction_is_listed_and_described_until_it_ends()
    {
        (await Run("topics", "create", "described", "--partitions", "2")).Succeeded();
        using OpenTransaction open = OpenTransaction.Begin(fixture.Running.Bootstrap, "describer");
        await open.WriteAsync("described", 0, "one");
        await open.WriteAsync("described", 1, "two");

        JsonElement listed = Assert.Single((await Json("transactions", "list", "--state", "Ongoing")).EnumerateArray(), t => Text(t, "transactionalId") == "describer");
        Assert.Equal("Ongoing", Text(listed, "state"));
        Assert.Empty((await Json("transactions", "list", "--longer-than", "3600")).EnumerateArray());
        JsonElement described = await Json("transactions", "describe", "describer");
        Assert.Equal("Ongoing", Text(described, "state"));
        Assert.Equal(listed.GetProperty("producerId").GetInt64(), described.GetProperty("producerId").GetInt64());
        Assert.InRange(described.GetProperty("openSeconds").GetDouble(), 0, 600);
        Assert.Equal([("described", 0), ("described", 1)], described.GetProperty("partitions").EnumerateArray().Select(p => (Text(p, "topic"), p.GetProperty("partition").GetInt32())));

        // Its coordinator knows it, so it does not hang, however short the time.
        Assert.Empty((await Json("transactions", "hanging", "--topic", "described", "--older-than", "0")).EnumerateArray());
        open.Producer.CommitTransaction(AnswerTimeMax);
        await Eventually.HoldsAsync("the partitions were told of the end", AnswerTimeMax, async () =>
        {
            JsonElement ended = await Json("transactions", "describe", "describer");
            Assert.Contains(Text(ended, "state"), (string[])["PrepareCommit", "CompleteCommit"]);
            return Text(ended, "state") == "CompleteCommit" && ended.GetProperty("partitions").GetArrayLength() == 0;
        });
        Assert.DoesNotContain((await Json("transactions", "list", "--state", "Ongoing")).EnumerateArray(), t => Text(t, "transactionalId") == "describer");
    }

    [ClientFact("Confluent.Kafka")]
    public async Task A_transactional_id_is_described_in_a_table_and_in_json()
    {
        (await Run("topics", "create", "in-table", "--partitions", "12")).Succeeded();
        using OpenTransaction open = OpenTransaction.Begin(fixture.Running.Bootstrap, "tabled");
        JsonElement before = await Json("transactions", "describe", "tabled");
        Assert.Equal(("tabled", "Empty", 0), (Text(before, "transactionalId"), Text(before, "state"), before.GetProperty("partitions").GetArrayLength()));
        Assert.Equal((JsonValueKind.Null, 60_000, 1), (before.GetProperty("openSeconds").ValueKind, before.GetProperty("timeoutMs").GetInt32(), before.GetProperty("coordinator").GetInt32()));
        Assert.Matches(@"^Transactional id tabled: Empty, producer [0-9]+ in epoch [0-9]+, timeout 60000 ms, coordinator 1\nTOPIC +PARTITION *\n$", (await Run("transactions", "describe", "tabled")).Succeeded());

        foreach (int partition in (int[])[10, 2])
        {
            await open.WriteAsync("in-table", partition, "x");
        }

        string[] lines = (await Run("transactions", "describe", "tabled")).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"^Transactional id tabled: Ongoing, open since 20.* \([0-9.]+ s\), producer [0-9]+ in epoch [0-9]+, timeout 60000 ms, coordinator 1$", lines[0]);
        Assert.Equal([["TOPIC", "PARTITION"], ["in-table", "2"], ["in-table", "10"]], lines[1..].Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        open.Producer.AbortTransaction(AnswerTimeMax);
    }

    [ClientFact("Confluent.Kafka")]
    public async Task A_transaction_that_nobody_ends_is_found_and_aborted_and_readers_go_on()
    {
        (await Run("topics", "create", "held-back", "--partitions", "1")).Succeeded();
        long start = await HangingTransaction.BeginAsync(fixture.Running, "held-back", producerId: 700_001);
        using (OpenTransaction behind = OpenTransaction.Begin(fixture.Running.Bootstrap, "behind"))
        {
            await behind.WriteAsync("held-back", 0, "committed");
            behind.Producer.CommitTransaction(AnswerTimeMax);
        }

        Assert.Empty(ReadCommitted("held-back"));
        JsonElement found = Assert.Single((await Json("transactions", "hanging", "--topic", "held-back")).EnumerateArray());
        Assert.Equal(("held-back", 0, 700_001L, start), (Text(found, "topic"), found.GetProperty("partition").GetInt32(), found.GetProperty("producerId").GetInt64(), found.GetProperty("startOffset").GetInt64()));
        Assert.Contains("held-back", (await Run("transactions", "hanging")).Succeeded());
        Assert.Empty((await Json("transactions", "hanging", "--topic", "held-back", "--older-than", "86400")).EnumerateArray());

        JsonElement aborted = await Json("transactions", "abort", "held-back", "--partition", "0", "--start-offset", $"{start}");
        Assert.Equal(700_001, aborted.GetProperty("producerId").GetInt64());
        Assert.Empty((await Json("transactions", "hanging", "--topic", "held-back")).EnumerateArray());
        Assert.Equal(["committed"], ReadCommitted("held-back"));
        CommandResult again = await Run("transactions", "abort", "held-back", "--partition", "0", "--start-offset", $"{start}");
        Assert.Equal(1, again.ExitCode);
        Assert.StartsWith($"tidemark: no transaction in held-back-0 begins at offset {start}", again.Error);
    }

    [Fact]
    public async Task What_is_not_there_is_said()
    {
        CommandResult unknown = await Run("transactions", "describe", "never-was");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("TRANSACTIONAL_ID_NOT_FOUND", unknown.Error);
        Assert.Equal(2, (await Run("transactions", "abort", "held-back")).ExitCode);
        Assert.Equal(1, (await Run("transactions", "hanging", "--topic", "never-was")).ExitCode);
    }

    private static string? Text(JsonElement element, string property) => element.GetProperty(property).GetString();

    /// <summary>What a read_committed reader comes by before the end that it is shown.</summary>
    private List<string> ReadCommitted(string topic)
    {
        ConsumerConfig configuration = new() { BootstrapServers = fixture.Running.Bootstrap, GroupId = "none", EnablePartitionEof = true, EnableAutoCommit = false, IsolationLevel = IsolationLevel.ReadCommitted };
        using IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(configuration).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, 0, 0));
        List<string> values = [];
        while (true)
        {
            ConsumeResult<Ignore, string>? result = consumer.Consume(AnswerTimeMax);
            Assert.NotNull(result);
            if (result.IsPartitionEOF)
            {
                return values;
            }

            values.Add(result.Message.Value);
        }
    }

    private async Task<JsonElement> Json(params string[] arguments) => JsonDocument.Parse((await Run([.. arguments, "--json"])).Succeeded()).RootElement;

    private Task<CommandResult> Run(params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", fixture.Running.Bootstrap]);
}
