using Tidemark.Chaos.Networks;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clusters;

/// <summary>A quorum that keeps its voters in its log (KIP-853), as processes: it grows, loses its leader by command and by force, and shrinks.</summary>
public sealed class ChangingVotersTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_standalone_controller_is_joined_by_another_and_then_removed_itself()
    {
        await using var nodes = new RunningNodes([NodeKind.Tidemark, NodeKind.Tidemark], hasFixedVoters: false);
        await nodes[1].FormatAsync("--standalone");
        await nodes[2].FormatAsync("--no-initial-controllers");
        await nodes.StartAllAsync();
        await nodes.QuorumBecomesAsync("2 observes", s_patience, quorum => quorum is { Leader: 1, Voters: [1], Observers: [2] });
        Assert.Contains("no voter", (await nodes.TryRunAsync("quorum", "remove-voter", "2")).Error);

        await nodes.RunAsync("quorum", "add-voter", "2", "--address", nodes[2].ControllerAddress);
        await nodes.QuorumBecomesAsync("2 votes", s_patience, quorum => quorum is { Voters: [1, 2] });
        await nodes.RunAsync("topics", "create", "t", "--replication-factor", "2");
        await nodes.RunAsync("quorum", "remove-voter", "1");
        await nodes.QuorumBecomesAsync("2 leads alone", s_patience, quorum => quorum is { Leader: 2, Voters: [2], Observers: [1] });

        // The one that was removed is needed no more, and does not come back as a voter by itself.
        nodes[1].Kill();
        await nodes.RunAsync("topics", "create", "u");
        await nodes[1].StartAsync();
        await nodes.QuorumBecomesAsync("1 observes", s_patience, quorum => quorum is { Leader: 2, Voters: [2], Observers: [1] });
    }

    [Fact]
    public async Task A_voter_that_listens_elsewhere_after_a_restart_tells_the_quorum()
    {
        await using var nodes = new RunningNodes([NodeKind.Tidemark, NodeKind.Tidemark], hasFixedVoters: false, "controller.quorum.auto.join.enable=true");
        await nodes[1].FormatAsync("--standalone");
        await nodes[2].FormatAsync("--no-initial-controllers");
        await nodes.StartAllAsync();
        await nodes.QuorumBecomesAsync("2 has joined by itself", s_patience, quorum => quorum is { Voters: [1, 2] });
        await nodes[2].StopAsync();
        int moved = LoopbackPorts.Take();
        string file = await File.ReadAllTextAsync(nodes[2].Configuration);
        await File.WriteAllTextAsync(nodes[2].Configuration, file.Replace($"CONTROLLER://{nodes[2].ControllerAddress}", $"CONTROLLER://127.0.0.1:{moved}", StringComparison.Ordinal));
        await nodes[2].StartAsync();
        await Eventually.HoldsAsync("the quorum knows the new port", s_patience, async () => (await nodes.TryRunAsync("quorum", "status")).Output.Contains($"127.0.0.1:{moved}", StringComparison.Ordinal));

        // What they need each other for goes by the new one.
        await nodes.RunAsync("topics", "create", "t", "--replication-factor", "2");
    }

    [Fact]
    public async Task Controllers_formatted_with_the_same_initial_voters_elect_one_of_them()
    {
        await using var nodes = new RunningNodes([NodeKind.TidemarkController, NodeKind.TidemarkController, NodeKind.TidemarkController, NodeKind.TidemarkBroker], hasFixedVoters: false, "controller.quorum.auto.join.enable=true");
        string[] directories = ["AAAAAAAAAAAAAAAAAAAAAQ", "AAAAAAAAAAAAAAAAAAAAAg", "AAAAAAAAAAAAAAAAAAAAAw"];
        string initial = string.Join(',', directories[..2].Select((directory, index) => $"{index + 1}@{nodes[index + 1].ControllerAddress}:{directory}"));
        await nodes[1].FormatAsync("--initial-controllers", initial);
        await nodes[2].FormatAsync("--initial-controllers", initial);
        await nodes[3].FormatAsync("--no-initial-controllers");
        await nodes[4].FormatAsync();
        await nodes.StartAllAsync();

        // The third was not among them and adds itself, because the configuration asks for it.
        await nodes.QuorumBecomesAsync("all three vote", s_patience, quorum => quorum is { Leader: > 0, Voters: [1, 2, 3], Observers: [4] });
        int leader = (await nodes.QuorumAsync()).Leader;
        nodes[leader].Kill();
        await nodes.QuorumBecomesAsync("another leads", s_patience, quorum => quorum.Leader > 0 && quorum.Leader != leader);
    }
}
