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

    private static int Led(SimulatedNode node) =>
        node.Broker!.Cluster.Image.Topics.Find("topic")?.Partitions.Count(partition => partition.Leader == node.Id) ?? 0;
}
