using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Three nodes under load whose processes end or stand still in all the ways that they can.</summary>
public sealed class SurvivalTests
{
    private const int Partitions = 6;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_killed_node_stops_writes_for_less_than_half_a_second_and_is_soon_back_in_every_isr(ulong seed)
    {
        SimulatedCluster cluster = Loaded(seed, out SteadyLoad load);
        for (int victim = 1; victim <= 3; victim++)
        {
            TimeSpan killed = cluster.Time.Elapsed;
            cluster[victim].Kill();
            SimulatedNode[] others = [.. cluster.Nodes.Where(node => node.IsRunning)];
            cluster.RunUntil(() => others.Any(node => node.Quorum!.Controller.IsLocal), s_patience);
            TimeSpan elected = cluster.Time.Elapsed - killed;
            cluster.RunUntil(() => others.All(node => PartitionsOf(node).All(partition => !partition.Isr.Contains(victim))), s_patience);
            TimeSpan moved = cluster.Time.Elapsed - killed;
            cluster.Time.Advance(TimeSpan.FromSeconds(2));
            double gap = load.Gap(killed).TotalMilliseconds;
            Assert.True(gap <= 500, $"writes stopped for {gap:0} ms when node {victim} was killed: a controller after {elected.TotalMilliseconds:0} ms, others led after {moved.TotalMilliseconds:0} ms");

            TimeSpan started = cluster.Time.Elapsed;
            cluster[victim].Start();
            AwaitFull(cluster);
            Assert.InRange((cluster.Time.Elapsed - started).TotalMilliseconds, 0, 1000);
        }

        Finish(load);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_rolling_restart_hardly_stops_writes(ulong seed)
    {
        SimulatedCluster cluster = Loaded(seed, out SteadyLoad load);
        for (int victim = 1; victim <= 3; victim++)
        {
            TimeSpan asked = cluster.Time.Elapsed;
            Task stopped = cluster[victim].Stop();
            Assert.True(cluster.RunUntil(() => stopped.IsCompleted, TimeSpan.FromSeconds(10)));
            Assert.InRange((cluster.Time.Elapsed - asked).TotalSeconds, 0, 4);
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.InRange(load.Gap(asked).TotalMilliseconds, 0, 300);

            TimeSpan started = cluster.Time.Elapsed;
            cluster[victim].Start();
            AwaitFull(cluster);
            Assert.InRange((cluster.Time.Elapsed - started).TotalMilliseconds, 0, 1000);
        }

        Finish(load);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_leader_that_stood_still_steps_back_and_nothing_is_lost(ulong seed)
    {
        SimulatedCluster cluster = Loaded(seed, out SteadyLoad load);
        for (int victim = 1; victim <= 3; victim++)
        {
            TimeSpan frozen = cluster.Time.Elapsed;
            cluster[victim].Pause();
            SimulatedNode other = cluster.Nodes.First(node => node.Id != victim);
            Assert.True(cluster.RunUntil(() => PartitionsOf(other).All(partition => partition.Leader != victim), s_patience));
            cluster.Time.Advance(TimeSpan.FromSeconds(3));
            Assert.InRange(load.Gap(frozen).TotalSeconds, 0, 14);

            cluster[victim].Resume();
            TimeSpan resumed = cluster.Time.Elapsed;
            AwaitFull(cluster);
            Assert.InRange((cluster.Time.Elapsed - resumed).TotalSeconds, 0, 5);
        }

        Finish(load);
    }

    [Fact]
    public void Two_nodes_that_die_together_come_back()
    {
        SimulatedCluster cluster = Loaded(5, out SteadyLoad load);
        for (int survivor = 1; survivor <= 3; survivor++)
        {
            SimulatedNode[] others = [.. cluster.Nodes.Where(node => node.Id != survivor)];
            foreach (SimulatedNode node in others)
            {
                node.Kill();
            }

            cluster.Time.Advance(TimeSpan.FromSeconds(5));
            foreach (SimulatedNode node in others)
            {
                node.Start();
            }

            AwaitFull(cluster);
        }

        Finish(load);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void All_nodes_die_together_and_what_was_acknowledged_is_there_when_they_return(ulong seed, bool oneByOne)
    {
        SimulatedCluster cluster = Loaded(seed, out SteadyLoad load);
        for (int round = 0; round < 2; round++)
        {
            foreach (SimulatedNode node in cluster.Nodes)
            {
                node.Kill();
                if (oneByOne)
                {
                    cluster.Time.Advance(TimeSpan.FromSeconds(3));
                }
            }

            foreach (SimulatedNode node in cluster.Nodes)
            {
                node.Start();
                if (oneByOne)
                {
                    cluster.Time.Advance(TimeSpan.FromSeconds(1));
                }
            }

            AwaitFull(cluster);
        }

        Finish(load);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Nothing_is_lost_in_a_storm_of_kills_freezes_and_restarts(ulong seed)
    {
        SimulatedCluster cluster = Loaded(100 + seed, out SteadyLoad load);
        for (int i = 0; i < 25; i++)
        {
            SimulatedNode node = cluster[1 + cluster.Random.Next(3)];
            int fault = cluster.Random.Next(4);
            TimeSpan pause = TimeSpan.FromMilliseconds(cluster.Random.Next(3000));
            switch (fault)
            {
                case 0:
                    node.Pause();
                    cluster.Time.Advance(pause);
                    node.Resume();
                    break;
                case 1:
                    Task stopped = node.Stop();
                    Assert.True(cluster.RunUntil(() => stopped.IsCompleted, TimeSpan.FromSeconds(20)));
                    node.Start();
                    break;
                default:
                    node.Kill();
                    cluster.Time.Advance(pause);
                    node.Start();
                    break;
            }

            Assert.True(cluster.RunUntil(() => node.Started.IsCompleted, s_patience), $"node {node.Id} does not start");
            Assert.Null(node.Started.Exception);
            if (cluster.Random.Chance(0.6))
            {
                AwaitFull(cluster);
            }
        }

        AwaitFull(cluster);
        Finish(load);
    }

    private static SimulatedCluster Loaded(ulong seed, out SteadyLoad load)
    {
        var cluster = new SimulatedCluster(seed, 3);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => node.Started.IsCompleted && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", Partitions, 3, ("min.insync.replicas", "2")));
        SteadyLoad begun = load = new SteadyLoad(cluster, client, "t", Partitions);
        AwaitFull(cluster);
        Assert.True(cluster.RunUntil(() => begun.GoesOn(TimeSpan.Zero), s_patience), begun.Last + string.Join(Environment.NewLine, begun.Errors));
        cluster.Time.Advance(TimeSpan.FromSeconds(1));
        return cluster;
    }

    private static void AwaitFull(SimulatedCluster cluster)
    {
        bool full = cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompleted && PartitionsOf(node) is { Length: Partitions } all && all.All(each => each.Isr.Length == 3 && each.HasLeader)),
            s_patience);
        if (!full)
        {
            string states = string.Join("; ", cluster.Nodes.Select(node =>
                $"node {node.Id}: {node.Started.Status} {node.Quorum?.Controller} {string.Join(' ', node.Process?.Failures.Select(each => each.Error.ToString()) ?? [])} {string.Join(' ', PartitionsOf(node).Select(each => $"{each.Leader}@{each.LeaderEpoch}[{string.Join(',', each.Isr)}]"))}"));
            Assert.Fail($"not in sync at {cluster.Time.Elapsed}: {states}");
        }
    }

    private static PartitionImage[] PartitionsOf(SimulatedNode node) => node.Broker?.Cluster.Image.Topics.Find("t") is { } topic ? [.. topic.Partitions] : [];

    private static void Finish(SteadyLoad load)
    {
        Assert.Empty(load.Errors);
        load.Stop();
        load.Verify();
        Assert.Empty(load.Errors);
    }
}
