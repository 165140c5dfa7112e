using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clusters;

/// <summary>Nodes with one role each, as processes with Kafka's property files.</summary>
public sealed class DedicatedRolesTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_controller_and_two_brokers_are_a_cluster_and_the_brokers_go_on_while_it_is_away()
    {
        await using RunningNodes nodes = await RunningNodes.StartAsync([NodeKind.TidemarkController, NodeKind.TidemarkBroker, NodeKind.TidemarkBroker]);
        await nodes.RunAsync("topics", "create", "t", "--partitions", "4", "--replication-factor", "2");
        QuorumMembership quorum = await nodes.QuorumAsync();
        Assert.Equal((1, 1, 2), (quorum.Leader, quorum.Voters.Count, quorum.Observers.Count));

        nodes[1].Kill();
        Assert.NotEqual(0, (await nodes.TryRunAsync("topics", "create", "late", "--timeout", "1")).ExitCode);
        Assert.Contains("t", await nodes.RunAsync("topics", "list"));
        await nodes[1].StartAsync();
        await nodes.AllInSyncAsync(s_patience, brokers: 2);
        await nodes.RunAsync("topics", "create", "u", "--replication-factor", "2");
        foreach (RunningNode node in nodes.All.Reverse())
        {
            await node.StopAsync();
        }
    }
}
