using System.Text.Json;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.CommandLines;

/// <summary>The commands about several brokers, against three of them.</summary>
public sealed class ClusterCommandTests(ClusterCommandTests.Cluster fixture) : IClassFixture<ClusterCommandTests.Cluster>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_cluster_shows_brokers_racks_and_leaders()
    {
        await Create("shown", "1:2:3,2:3:1");
        JsonElement cluster = await Json("cluster");
        JsonElement[] brokers = [.. cluster.GetProperty("brokers").EnumerateArray()];
        Assert.Equal(["a", "b", "a"], brokers.Select(b => b.GetProperty("rack").GetString()));
        Assert.All(brokers, b => Assert.Equal("serving", b.GetProperty("state").GetString()));
        Assert.True(brokers[0].GetProperty("leaders").GetInt32() >= 1);
        Assert.Empty(cluster.GetProperty("offline").EnumerateArray());

        // The one that leads the quorum, whichever broker was asked.
        int active = (await Json("quorum", "status")).GetProperty("leader").GetInt32();
        Assert.Equal(active, cluster.GetProperty("controller").GetInt32());
        Assert.Equal([active], brokers.Where(b => b.GetProperty("controller").GetBoolean()).Select(b => b.GetProperty("broker").GetInt32()));
        string text = (await fixture.Running.RunAsync("", "cluster", "describe")).Succeeded();
        Assert.Contains("under min ISR", text);
    }

    [Fact]
    public async Task A_topic_is_described_with_the_ends_of_all_its_logs()
    {
        await Create("ends", "3:1:2");
        (await fixture.Running.RunAsync("one\ntwo\n", "produce", "ends")).Succeeded();
        await Eventually.HoldsAsync("every replica has both records", Patience, async () =>
        {
            JsonElement partition = (await Json("topics", "describe", "ends")).GetProperty("partitions")[0];
            Assert.Equal(3, partition.GetProperty("leader").GetInt32());
            return partition.GetProperty("logs").EnumerateArray().All(log => log.GetProperty("end") is { ValueKind: JsonValueKind.Number } end && end.GetInt64() == 2 && log.GetProperty("lag").GetInt64() == 0);
        });
    }

    [Fact]
    public async Task The_quorum_has_a_leader_and_its_voters_are_fixed()
    {
        JsonElement quorum = await Json("quorum", "status");
        Assert.InRange(quorum.GetProperty("leader").GetInt32(), 1, 3);
        Assert.Equal(3, quorum.GetProperty("replicas").EnumerateArray().Count(r => r.GetProperty("role").GetString() is "leader" or "voter"));
        Assert.Equal(1, (await fixture.Running.RunAsync("", "quorum", "remove-voter", "3")).ExitCode);
        Assert.Equal(1, (await fixture.Running.RunAsync("", "quorum", "add-voter", "9", "--address", "127.0.0.1:1")).ExitCode);
    }

    [Fact]
    public async Task Replicas_are_moved_by_a_plan_in_the_format_of_Kafkas_tool()
    {
        await Create("moved", "1:2");
        (await fixture.Running.RunAsync("kept\n", "produce", "moved")).Succeeded();
        string plan = Path.Combine(fixture.Running.Home, "plan.json");
        await File.WriteAllTextAsync(plan, """{"version":1,"partitions":[{"topic":"moved","partition":0,"replicas":[3,2]}]}""");
        Assert.Equal(1, (await fixture.Running.RunAsync("", "reassign", "verify", plan)).ExitCode);
        Assert.True((await Json("reassign", "execute", plan))[0].GetProperty("started").GetBoolean());
        await Eventually.HoldsAsync("the plan is done", Patience, async () => (await fixture.Running.RunAsync("", "reassign", "verify", plan)).ExitCode == 0);
        Assert.Empty((await Json("reassign", "list")).EnumerateArray());
        Assert.Equal("kept\n", (await fixture.Running.RunAsync("", "consume", "moved", "--from-beginning")).Succeeded());
        JsonElement now = JsonDocument.Parse((await fixture.Running.RunAsync("", "reassign", "generate", "--current", "--topic", "moved")).Succeeded()).RootElement;
        Assert.Equal([3, 2], now.GetProperty("partitions")[0].GetProperty("replicas").EnumerateArray().Select(r => r.GetInt32()));
        CommandResult nothing = await fixture.Running.RunAsync("", "reassign", "cancel", plan);
        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("NO_REASSIGNMENT_IN_PROGRESS", nothing.Output);
    }

    [Fact]
    public async Task A_generated_plan_keeps_the_number_of_replicas_and_spreads_them_over_racks()
    {
        await Create("spread", "1:3,1:3,1:3");
        JsonElement plan = JsonDocument.Parse((await fixture.Running.RunAsync("", "reassign", "generate", "--topic", "spread")).Succeeded()).RootElement;
        int[][] replicas = [.. plan.GetProperty("partitions").EnumerateArray().Select(p => p.GetProperty("replicas").EnumerateArray().Select(r => r.GetInt32()).ToArray())];
        Assert.Equal([1, 2, 3], replicas.Select(r => r[0]).Order());
        Assert.All(replicas, r => Assert.Contains(2, r));
    }

    [Fact]
    public async Task Leaders_are_elected_on_request()
    {
        await Create("elected", "2:3:1");
        JsonElement result = await Json("elect", "preferred", "--topic", "elected");
        Assert.All(result.EnumerateArray(), p => Assert.Equal(JsonValueKind.Null, p.GetProperty("error").ValueKind));
        Assert.Equal("not needed", (await Json("elect", "preferred", "--topic", "elected")).EnumerateArray().Select(p => p.GetProperty("outcome").GetString()).Single());
        Assert.Equal(2, (await fixture.Running.RunAsync("", "elect", "unclean")).ExitCode);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"version":1,"partitions":[]}""")]
    [InlineData("""{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,1]}]}""")]
    public async Task A_plan_that_is_none_is_refused_before_anything_is_asked(string text)
    {
        string plan = Path.Combine(fixture.Running.Home, $"{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(plan, text);
        CommandResult result = await fixture.Running.RunAsync("", "reassign", "execute", plan);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(plan, result.Error);
    }

    private async Task Create(string topic, string replicas) => (await fixture.Running.RunAsync("", "topics", "create", topic, "--replicas", replicas)).Succeeded();

    private async Task<JsonElement> Json(params string[] arguments) => JsonDocument.Parse((await fixture.Running.RunAsync("", [.. arguments, "--json"])).Succeeded()).RootElement;

    /// <summary>Three brokers on two racks, for all tests of the class.</summary>
    public sealed class Cluster : IAsyncLifetime
    {
        public RunningCluster Running { get; private set; } = null!;

        public async Task InitializeAsync() => Running = await RunningCluster.StartAsync(3, "--racks", "a,b");

        public async Task DisposeAsync() => await Running.DisposeAsync();
    }
}
