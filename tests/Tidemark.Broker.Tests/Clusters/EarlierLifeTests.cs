using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>What the metadata says of a broker's last life is not for the next one to act upon.</summary>
public sealed class EarlierLifeTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    public void A_broker_leads_nothing_by_what_its_last_life_was_given(ulong seed)
    {
        // Where crashes are not looked for, the controller keeps the last life, and all it leads, until its session is over.
        var cluster = new SimulatedCluster(seed, 3, ("tidemark.broker.crash.detection.enable", "false"));
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        SimulatedNode controller = cluster.Nodes.First(node => node.Quorum!.Controller.IsLocal);
        SimulatedNode killed = cluster.Nodes.First(node => node != controller);
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(controller.Id, "topic", 6, 3));
        Assert.True(cluster.RunUntil(() => Led(killed) > 0 && killed.Broker!.Partitions.All().Count >= 6, s_patience));
        killed.Kill();
        killed.Start();

        Assert.False(cluster.RunUntil(() => killed.Broker!.Partitions.All().Count > 0, TimeSpan.FromSeconds(4)), "it acted for its last life");
        Assert.Contains(controller.Broker!.Cluster.Image.Topics.Find("topic")!.Partitions, partition => partition.Leader == killed.Id);

        Assert.True(cluster.RunUntil(
            () => killed.Started.IsCompletedSuccessfully && controller.Broker.Cluster.Image.Topics.Find("topic")!.Partitions.All(partition => partition.Isr.Length == 3), s_patience));
        Assert.Equal(6, killed.Broker!.Partitions.All().Count);
    }

    /// <summary>
    /// All were killed, and two are back, one of which is the controller. Its broker's last life may not be left as the last in sync where the third one, still
    /// dead, was in sync too: this life may have lost what that one has.
    /// </summary>
    [Theory]
    [InlineData(41)]
    [InlineData(42)]
    [InlineData(43)]
    public void A_new_controller_leaves_nothing_to_its_own_brokers_last_life(ulong seed)
    {
        var cluster = new SimulatedCluster(seed, 3);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(cluster.Nodes.First(node => node.Quorum!.Controller.IsLocal).Id, "topic", 6, 2));
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => node.Broker!.Partitions.All().Count == 4), s_patience));
        cluster.Nodes.ToList().ForEach(node => node.Kill());
        cluster.Nodes[0].Start();
        cluster.Nodes[1].Start();

        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.Take(2).All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers[node.Id].IsActive), s_patience));
        SimulatedNode controller = cluster.Nodes.Take(2).First(node => node.Quorum!.Controller.IsLocal);
        SimulatedNode dead = cluster.Nodes[2];
        Assert.True(cluster.RunUntil(() => controller.Broker!.Cluster.Image.Brokers[dead.Id].IsFenced, s_patience));
        PartitionImage[] shared = [.. controller.Broker!.Cluster.Image.Topics.Find("topic")!.Partitions.Where(p => p.Replicas.Contains(controller.Id) && p.Replicas.Contains(dead.Id))];
        Assert.NotEmpty(shared);
        Assert.All(shared, partition => Assert.Equal((-1, dead.Id), (partition.Leader, Assert.Single(partition.Isr.Concat(partition.EligibleLeaderReplicas)))));

        dead.Start();
        Assert.True(cluster.RunUntil(
            () => controller.Broker.Cluster.Image.Topics.Find("topic")!.Partitions.All(partition => partition.Isr.Length == 2), s_patience));
    }

    private static int Led(SimulatedNode node) =>
        node.Broker!.Cluster.Image.Topics.Find("topic")?.Partitions.Count(partition => partition.Leader == node.Id) ?? 0;
}
