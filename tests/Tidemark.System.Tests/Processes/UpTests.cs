using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Processes;

/// <summary>A cluster with one command.</summary>
public sealed class UpTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Three_brokers_replicate_and_a_dead_one_is_reported_and_what_was_acknowledged_is_there()
    {
        await using RunningCluster cluster = await RunningCluster.StartAsync(3, "--racks", "a,b,c");
        Assert.Single(cluster.Output.TrimEnd().Split('\n'));
        Assert.Contains($"127.0.0.1:{cluster.Port},127.0.0.1:{cluster.Port + 1},127.0.0.1:{cluster.Port + 2}", cluster.Output);
        Assert.Contains(cluster.Data, cluster.Output);
        (await cluster.RunAsync("one\ntwo\n", "produce", "kept")).Succeeded();

        RunningCluster.Signal(cluster.ProcessOf(3)!.Value, 9);
        await Eventually.HoldsAsync("the dead node is reported", Patience, () => Task.FromResult(cluster.Errors.Contains("Start it again")));
        Assert.Contains($"tidemark server --config {Path.Combine(cluster.Data, "node3", "server.properties")}", cluster.Errors);
        Assert.Contains("signal 9", cluster.Errors);
        Assert.Equal("one\ntwo\n", (await cluster.RunAsync("", "consume", "kept", "--from-beginning")).Succeeded());

        cluster.Signal(RunningCluster.SignalTerminate);
        Assert.Equal(0, await cluster.EndAsync(Patience));
        Assert.Contains("Stopped in", File.ReadAllText(Path.Combine(cluster.Data, "node1", "server.log")));
    }

    [Fact]
    public async Task Interrupted_as_by_a_terminal_all_nodes_stop_gracefully()
    {
        await using RunningCluster cluster = await RunningCluster.StartAsync(2);
        int[] nodes = [cluster.ProcessOf(1)!.Value, cluster.ProcessOf(2)!.Value];

        // A terminal sends it to everyone.
        foreach (int node in nodes)
        {
            RunningCluster.Signal(node, RunningCluster.SignalInterrupt);
        }

        cluster.Signal(RunningCluster.SignalInterrupt);
        Assert.Equal(0, await cluster.EndAsync(Patience));
        foreach (int node in new[] { 1, 2 })
        {
            Assert.Contains("Stopped in", File.ReadAllText(Path.Combine(cluster.Data, $"node{node}", "server.log")));
        }
    }

    [Fact]
    public async Task With_restart_a_node_that_ends_is_started_again()
    {
        await using RunningCluster cluster = await RunningCluster.StartAsync(2, "--restart");
        int first = cluster.ProcessOf(2)!.Value;
        RunningCluster.Signal(first, 9);
        await Eventually.HoldsAsync("another process is there", Patience, () => Task.FromResult(cluster.ProcessOf(2) is { } next && next != first));
        Assert.Contains("started again in 1 s", cluster.Errors);
        cluster.Signal(RunningCluster.SignalTerminate);
        Assert.Equal(0, await cluster.EndAsync(Patience));
    }

    [Theory]
    [InlineData("--racks and --restart are for several brokers", "--restart")]
    [InlineData("--racks a,,b: one to 3 names", "--brokers", "3", "--racks", "a,,b")]
    [InlineData("--brokers 0: a whole number from 1", "--brokers", "0")]
    public async Task What_cannot_be_is_refused(string said, params string[] arguments)
    {
        CommandResult result = await ChildProcess.RunAsync(RunningBroker.Executable, ["up", .. arguments]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(said, result.Error);
    }

    [Fact]
    public async Task The_data_of_a_single_broker_is_not_taken_for_a_clusters()
    {
        using var files = new NodeFiles();
        (await ChildProcess.RunAsync(RunningBroker.Executable, ["format", "--cluster-id", NodeFiles.ClusterId, "--config", files.Configuration])).Succeeded();
        CommandResult result = await ChildProcess.RunAsync(RunningBroker.Executable, ["up", "--brokers", "3", "--data", files.Data]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("single broker", result.Error);
    }
}
