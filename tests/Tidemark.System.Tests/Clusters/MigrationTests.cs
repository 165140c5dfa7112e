using System.Diagnostics;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;
using Xunit.Abstractions;

namespace Tidemark.System.Tests.Clusters;

/// <summary>What docs/MIGRATION.md says: a cluster of Apache Kafka's becomes one of Tidemark's node by node, on the same directories, and back.</summary>
public sealed class MigrationTests(ITestOutputHelper output)
{
    private const int Partitions = 6;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(240);

    [LongKafkaFact]
    public async Task Three_nodes_of_Kafkas_become_ours_and_theirs_again_under_load_and_lose_nothing()
    {
        await using RunningNodes nodes = await RunningNodes.StartAsync([NodeKind.Kafka, NodeKind.Kafka, NodeKind.Kafka]);
        await nodes.AllInSyncAsync(s_patience, brokers: 3);
        await nodes.RunAsync("topics", "create", "moved", "--partitions", $"{Partitions}", "--replication-factor", "3", "--config", "min.insync.replicas=2");
        await using var load = new PacedLoad(nodes.Bootstrap, "moved", Partitions);
        foreach (bool toKafka in (bool[])[false, true])
        {
            // The one that leads the quorum last, which saves elections.
            int leader = (await nodes.QuorumAsync()).Leader;
            foreach (RunningNode node in nodes.All.OrderBy(node => node.Id == leader))
            {
                load.TakeLongestGap();
                int before = load.Acknowledged;
                long start = Stopwatch.GetTimestamp();
                await node.StopAsync();
                TimeSpan stopped = Stopwatch.GetElapsedTime(start);
                node.Kind = node.Kind with { IsKafka = toKafka };
                await node.StartAsync();
                await nodes.AllInSyncAsync(s_patience, brokers: 3);
                output.WriteLine(
                    $"node {node.Id} is {(toKafka ? "Apache Kafka" : "Tidemark")}'s: stopped in {stopped.TotalSeconds:0.0} s, in every ISR after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s, "
                    + $"{load.Acknowledged - before} records meanwhile, longest pause of writes {load.TakeLongestGap().TotalSeconds:0.00} s");
            }

            QuorumMembership quorum = await nodes.QuorumAsync();
            Assert.Equal([1, 2, 3], quorum.Voters);
        }

        output.WriteLine($"{await load.StopAndCompareAsync(nodes.Bootstrap)} records read, 0 lost, 0 twice");
        await nodes.StopAllAsync();

        StoredLogs.Compare(nodes.All, "__cluster_metadata-0");
        for (int partition = 0; partition < Partitions; partition++)
        {
            StoredLogs.Compare(nodes.All, $"moved-{partition}");
        }
    }
}
