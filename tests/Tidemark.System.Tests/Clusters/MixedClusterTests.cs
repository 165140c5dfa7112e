using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;
using Xunit.Abstractions;

namespace Tidemark.System.Tests.Clusters;

/// <summary>Apache Kafka and Tidemark as nodes of one cluster, with a small distance between snapshots so that each side loads the other's.</summary>
public sealed class MixedClusterTests(ITestOutputHelper output)
{
    private const int Partitions = 3;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(240);
    private static readonly string[] s_snapshotsOften = ["metadata.log.max.record.bytes.between.snapshots=3000"];

    [KafkaFact]
    public async Task One_node_of_Kafkas_and_two_of_ours_lose_the_active_controller_and_no_record()
    {
        await using RunningNodes nodes = await RunningNodes.StartAsync([NodeKind.Kafka, NodeKind.Tidemark, NodeKind.Tidemark], s_snapshotsOften);
        await KillControllersAsync(nodes, times: 1);
    }

    [LongKafkaFact]
    public async Task Each_side_leads_and_follows_and_is_killed_and_comes_back_whoever_has_the_majority()
    {
        NodeKind[][] mixes = [[NodeKind.Kafka, NodeKind.Tidemark, NodeKind.Tidemark], [NodeKind.Tidemark, NodeKind.Kafka, NodeKind.Kafka]];
        foreach (NodeKind[] mix in mixes)
        {
            await using RunningNodes nodes = await RunningNodes.StartAsync(mix, s_snapshotsOften);
            await KillControllersAsync(nodes, times: 4);
        }
    }

    [LongKafkaFact]
    public async Task Dedicated_roles_mix_too()
    {
        var kafkaController = new NodeKind(NodeRoles.Controller, IsKafka: true);
        var kafkaBroker = new NodeKind(NodeRoles.Broker, IsKafka: true);
        await using RunningNodes nodes = await RunningNodes.StartAsync(
            [kafkaController, NodeKind.TidemarkController, NodeKind.TidemarkController, NodeKind.TidemarkBroker, kafkaBroker, NodeKind.TidemarkBroker], s_snapshotsOften);
        await KillControllersAsync(nodes, times: 3);
    }

    /// <summary>Under load: the active controller is killed, another leads, and the one that was killed comes back into every ISR. At the end all logs agree.</summary>
    private async Task KillControllersAsync(RunningNodes nodes, int times)
    {
        int brokers = nodes.All.Count(node => node.Kind.IsBroker);
        await nodes.AllInSyncAsync(s_patience, brokers);
        await nodes.RunAsync("topics", "create", "mixed", "--partitions", $"{Partitions}", "--replication-factor", "3", "--config", "min.insync.replicas=2");
        await using (var load = new PacedLoad(nodes.Bootstrap, "mixed", Partitions))
        {
            for (int round = 0; round < times; round++)
            {
                int active = 0;
                await nodes.QuorumBecomesAsync("somebody leads", s_patience, quorum => (active = quorum.Leader) > 0);
                nodes[active].Kill();
                await nodes.QuorumBecomesAsync("another leads", s_patience, quorum => quorum.Leader > 0 && quorum.Leader != active);
                await nodes.RunAsync("topics", "create", $"while-{active}-is-away-{round}", "--partitions", "12", "--replication-factor", "2");
                await nodes[active].StartAsync();
                await nodes.AllInSyncAsync(s_patience, brokers);
                output.WriteLine($"node {active} ({(nodes[active].Kind.IsKafka ? "Apache Kafka" : "Tidemark")}) led, was killed and is back; longest pause of writes {load.TakeLongestGap().TotalSeconds:0.0} s");
            }

            output.WriteLine($"{await load.StopAndCompareAsync(nodes.Bootstrap)} records, 0 lost");
        }

        await nodes.StopAllAsync();

        output.WriteLine($"{StoredLogs.Compare(nodes.All, "__cluster_metadata-0")} batches of metadata are the same on all nodes");
        for (int partition = 0; partition < Partitions; partition++)
        {
            StoredLogs.Compare(nodes.All.Where(node => node.Kind.IsBroker), $"mixed-{partition}");
        }
    }
}
