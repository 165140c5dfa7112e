using System.Text.Json;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clients;

/// <summary>Kafka's tools for several brokers: what moves replicas, elects leaders, compares copies, and tells of the quorum and of what is not well.</summary>
public sealed class JavaClusterToolsTests(JavaClusterToolsTests.Cluster fixture) : IClassFixture<JavaClusterToolsTests.Cluster>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private RunningNodes Nodes => fixture.Nodes;

    private ToolShell Tools => fixture.Tools;

    [KafkaFact]
    public async Task Replicas_move_under_a_throttle_and_back_and_for_good_and_hold_the_same()
    {
        const string topic = "moved";
        const int records = 300;
        await CreateAsync(topic, "1:2");
        await Tools.RunAsync("producer-perf-test", "--topic", topic, "--num-records", $"{records}", "--record-size", "1000", "--throughput", "-1");
        string[] written = await ReadAsync(topic, records);

        string chosen = await FileAsync("topics.json", $$"""{"version":1,"topics":[{"topic":"{{topic}}"}]}""");
        string[] generated = (await Tools.RunAsync("reassign-partitions", "--topics-to-move-json-file", chosen, "--broker-list", "1,3", "--generate")).Lines();
        Assert.Equal([1, 2], Replicas(generated[Array.IndexOf(generated, "Current partition replica assignment") + 1]));
        Assert.Equal([1, 3], Replicas(generated[Array.IndexOf(generated, "Proposed partition reassignment configuration") + 1]).Order());

        // A fetch of the follower brings 20 kB, and for the next the throttle makes it wait many seconds.
        string plan = await FileAsync("plan.json", $$"""{"version":1,"partitions":[{"topic":"{{topic}}","partition":0,"replicas":[3,2]}]}""");
        string[] file = ["--reassignment-json-file", plan];
        string started = await Tools.RunAsync("reassign-partitions", [.. file, "--execute", "--throttle", "1000"]);
        Assert.Contains("The inter-broker throttle limit was set to 1000 B/s", started);
        Assert.Contains($"Successfully started partition reassignment for {topic}-0", started);
        Assert.Contains($"{topic}-0: replicas: 3,2,1. adding: 3. removing: 1.", await Tools.RunAsync("reassign-partitions", "--list"));
        Assert.Contains($"Reassignment of partition {topic}-0 is still in progress.", await Tools.RunAsync("reassign-partitions", [.. file, "--verify"]));
        string[] throttled = (await Tools.RunAsync("configs", "--describe", "--entity-type", "topics", "--entity-name", topic)).Lines();
        Assert.Contains(throttled, line => line.StartsWith("leader.replication.throttled.replicas=0:1,0:2 ", StringComparison.Ordinal));
        Assert.Contains(throttled, line => line.StartsWith("follower.replication.throttled.replicas=0:3 ", StringComparison.Ordinal));
        Assert.Contains("leader.replication.throttled.rate=1000 sensitive=false", await Tools.RunAsync("configs", "--describe", "--entity-type", "brokers", "--entity-name", "1"));
        CommandResult second = await Tools.TryAsync("reassign-partitions", [.. file, "--execute"]);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains("Cannot execute because there is an existing partition assignment", second.Output);

        Assert.Contains($"Successfully cancelled partition reassignment for: {topic}-0", await Tools.RunAsync("reassign-partitions", [.. file, "--cancel"]));
        Assert.Contains("No partition reassignments found.", await Tools.RunAsync("reassign-partitions", "--list"));
        Assert.Equal("1", (await PartitionAsync(topic)).Leader);
        Assert.DoesNotContain("throttled", await Tools.RunAsync("configs", "--describe", "--entity-type", "brokers", "--entity-name", "1"));

        await Tools.RunAsync("reassign-partitions", [.. file, "--execute"]);
        await Eventually.HoldsAsync("the move is done", s_patience, async () =>
            (await Tools.RunAsync("reassign-partitions", [.. file, "--verify"])).Contains($"Reassignment of partition {topic}-0 is completed.", StringComparison.Ordinal));
        await BecomesAsync(("3", "3,2"), () => PartitionAsync(topic));

        // It compares the copies from the start on, and reports once a second until it is stopped.
        await using RunningTool verification = RunningTool.Start("replica-verification", "--broker-list", Nodes.Bootstrap, "--topics-include", topic, "--time", "-2", "--report-interval-ms", "1000");
        await verification.PrintsAsync($"max lag is 0 for partition {topic}-0 at offset {records} among 1 partitions");
        Assert.Equal(written, await ReadAsync(topic, records));
    }

    [KafkaFact]
    public async Task A_broker_dies_and_its_partitions_are_told_of_by_what_they_lack_and_get_leaders_again()
    {
        await CreateAsync("preferred", "3:1,3:1");
        await CreateAsync("guarded", "1:3", "--config", "min.insync.replicas=2");
        await CreateAsync("alone", "3");
        await CreateAsync("unclean", "2:3");
        Assert.Empty(await ListedAsync("--under-replicated-partitions"));
        Assert.Empty(await ListedAsync("--under-min-isr-partitions"));
        Assert.Empty(await ListedAsync("--unavailable-partitions"));
        await BecomesAsync("alone-0 guarded-0", async () => string.Join(' ', await ListedAsync("--at-min-isr-partitions")));

        Nodes[3].Kill();
        await Eventually.HoldsAsync("what lost its leader is told", s_patience, async () => (await ListedAsync("--unavailable-partitions")) is ["alone-0"]);
        await BecomesAsync("guarded-0 preferred-0 preferred-1 unclean-0", () => ButAloneAsync("--under-replicated-partitions"));
        await BecomesAsync("guarded-0", () => ButAloneAsync("--under-min-isr-partitions"));
        await BecomesAsync("preferred-0 preferred-1 unclean-0", () => ButAloneAsync("--at-min-isr-partitions"));
        CommandResult refused = await Tools.TryAsync("leader-election", "--election-type", "preferred", "--topic", "preferred", "--partition", "0");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("PreferredLeaderNotAvailableException", refused.Output);

        // The machine is gone for good, as far as the cluster is told.
        Assert.Equal(["1", "2", "3"], await EndpointsAsync("broker", "--include-fenced-brokers"));
        await BecomesAsync("1 2", async () => string.Join(' ', await EndpointsAsync("broker")));
        Assert.Contains("Broker 3 is no longer registered.", await Tools.RunAsync("cluster", "unregister", "--id", "3"));
        await BecomesAsync("1 2", async () => string.Join(' ', await EndpointsAsync("broker", "--include-fenced-brokers")));
        CommandResult unknown = await Tools.TryAsync("cluster", "unregister", "--id", "3");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("BrokerIdNotRegisteredException", unknown.Output);

        // Only the broker that comes back without the last of the log can lead, and nobody but an administrator lets it.
        Nodes[2].Kill();
        await Nodes[3].StartAsync();
        await Eventually.HoldsAsync("one partition waits", s_patience, async () => (await ListedAsync("--unavailable-partitions")) is ["unclean-0"]);
        string file = await FileAsync("elect.json", """{"partitions":[{"topic":"unclean","partition":0}]}""");
        Assert.Contains("Successfully completed leader election (UNCLEAN) for partitions unclean-0", await Tools.RunAsync("leader-election", "--election-type", "unclean", "--path-to-json-file", file));
        await BecomesAsync("3", async () => (await PartitionAsync("unclean")).Leader);

        await Nodes[2].StartAsync();
        await Eventually.HoldsAsync("nothing is under-replicated", s_patience, async () => (await ListedAsync("--under-replicated-partitions")).Length == 0);
        string elected = await Tools.RunAsync("leader-election", "--election-type", "preferred", "--all-topic-partitions");
        Assert.Matches("Successfully completed leader election \\(PREFERRED\\) for partitions .*preferred-0", elected);
        await BecomesAsync("3", async () => (await PartitionAsync("preferred")).Leader);
        Assert.Contains("Valid replica already elected for partitions preferred-1", await Tools.RunAsync("leader-election", "--election-type", "preferred", "--topic", "preferred", "--partition", "1"));
    }

    [KafkaFact]
    public async Task The_quorum_is_described_and_a_controller_joins_and_leaves_it()
    {
        Assert.Contains($"Cluster ID: {RunningNodes.ClusterId}", await Tools.RunAsync("cluster", "cluster-id"));
        Assert.Contains($"Cluster ID: {RunningNodes.ClusterId}", await Tools.RunAsync("cluster", "cluster-id", "--bootstrap-controller", Nodes.Controllers));
        Assert.Contains("1", await EndpointsAsync("controller", "--bootstrap-controller", Nodes[1].ControllerAddress));

        Assert.Equal(["1 Leader", "2 Observer", "3 Observer"], await MembersAsync());
        string added = await Tools.RunAsync("metadata-quorum", "--command-config", Nodes[2].Configuration, "add-controller");
        Assert.Contains("Added controller 2 with directory id", added);
        Assert.Equal(["1 Leader", "2 Follower", "3 Observer"], await MembersAsync());
        string status = await Tools.RunAsync("metadata-quorum", "--bootstrap-controller", Nodes[1].ControllerAddress, "describe", "--status");
        Assert.Equal("1", status.Row("LeaderId:")[1]);
        Assert.Contains($"CONTROLLER://{Nodes[2].ControllerAddress}", string.Join(' ', status.Row("CurrentVoters:")));
        Assert.DoesNotContain("\"id\": 2", string.Join(' ', status.Row("CurrentObservers:")));

        string directory = (await Tools.RunAsync("metadata-quorum", "describe", "--replication")).Row("2")[1];
        CommandResult wrong = await Tools.TryAsync("metadata-quorum", "remove-controller", "--controller-id", "2", "--controller-directory-id", "AAAAAAAAAAAAAAAAAAAAAQ");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("VoterNotFoundException", wrong.Output);
        string removed = await Tools.RunAsync("metadata-quorum", "remove-controller", "--controller-id", "2", "--controller-directory-id", directory);
        Assert.Contains("Removed  KRaft controller 2 with directory id", removed);
        Assert.Equal(["1 Leader", "2 Observer", "3 Observer"], await MembersAsync());
    }

    /// <summary>The values of the topic's only partition.</summary>
    private async Task<string[]> ReadAsync(string topic, int records)
    {
        string read = await Tools.RunAsync("console-consumer", "--topic", topic, "--partition", "0", "--offset", "earliest", "--max-messages", $"{records}", "--timeout-ms", "30000");
        string[] values = [.. read.Lines().Where(line => line.Length == 1000)];
        Assert.Equal(records, values.Length);
        return values;
    }

    /// <summary>Each member of the quorum and what it is.</summary>
    private async Task<string[]> MembersAsync()
    {
        string table = await Tools.RunAsync("metadata-quorum", "describe", "--replication", "--human-readable");
        return [.. Enumerable.Range(1, 3).Select(id => table.Row($"{id}")).Select(row => $"{row[0]} {row[^1]}")];
    }

    /// <summary>The ids in the list of endpoints.</summary>
    private async Task<string[]> EndpointsAsync(string kind, params string[] options) =>
        [.. (await Tools.RunAsync("cluster", ["list-endpoints", .. options])).Lines().Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(row => row[^1] == kind).Select(row => row[0])];

    private Task<string> CreateAsync(string topic, string replicas, params string[] options) =>
        Tools.RunAsync("topics", ["--create", "--topic", topic, "--replica-assignment", replicas, .. options]);

    /// <summary>The partitions that the tool lists as being in this state, those of internal topics and of other tests not among them.</summary>
    private async Task<string[]> ListedAsync(string state)
    {
        string described = await Tools.RunAsync("topics", "--describe", state);
        return [.. described.Rows("Topic:").Select(row => $"{row[1]}-{row[3]}").Where(name => !name.StartsWith('_') && !name.StartsWith("moved", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private async Task<string> ButAloneAsync(string state) => string.Join(' ', (await ListedAsync(state)).Except(["alone-0"]));

    /// <summary>Waits until the tools tell this: they ask any broker, and each hears from the controller when it does, one later than the other.</summary>
    private static Task BecomesAsync<T>(T expected, Func<Task<T>> told) =>
        Eventually.HoldsAsync($"the tools tell {expected}", s_patience, async () => EqualityComparer<T>.Default.Equals(await told(), expected));

    /// <summary>Who leads the topic's first partition, and where its replicas are.</summary>
    private async Task<(string Leader, string Replicas)> PartitionAsync(string topic)
    {
        string[] row = (await Tools.RunAsync("topics", "--describe", "--topic", topic)).Rows("Topic:").First(row => row[2] == "Partition:" && row[3] == "0");
        return (row[5], row[7]);
    }

    private async Task<string> FileAsync(string name, string content)
    {
        string path = Path.Combine(Nodes.Home, name);
        await File.WriteAllTextAsync(path, content);
        return path;
    }

    private static int[] Replicas(string plan) =>
        [.. JsonDocument.Parse(plan).RootElement.GetProperty("partitions")[0].GetProperty("replicas").EnumerateArray().Select(replica => replica.GetInt32())];

    /// <summary>One controller that is a broker too, one that may become a controller, and a broker, for all tests of the class.</summary>
    public sealed class Cluster : IAsyncLifetime
    {
        public RunningNodes Nodes { get; private set; } = null!;

        public ToolShell Tools { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            if (KafkaLauncher.Absence is not null)
            {
                return;
            }

            Nodes = new RunningNodes([NodeKind.Tidemark, NodeKind.Tidemark, NodeKind.TidemarkBroker], hasFixedVoters: false, "replica.fetch.max.bytes=20000");
            Tools = ToolShell.Start(Nodes.Bootstrap);
            await Nodes[1].FormatAsync("--standalone");
            await Nodes[2].FormatAsync("--no-initial-controllers");
            await Nodes[3].FormatAsync();
            await Nodes.StartAllAsync();
        }

        public async Task DisposeAsync()
        {
            if (KafkaLauncher.Absence is null)
            {
                await Tools.DisposeAsync();
                await Nodes.DisposeAsync();
            }
        }
    }
}
