using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>What is asked of a cluster's controller, and what it does unasked.</summary>
public sealed class AdministrationTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Every_controller_is_registered_and_again_when_it_comes_back()
    {
        SimulatedCluster cluster = Started(1);
        Assert.True(cluster.RunUntil(() => Image(cluster).Controllers.Count == 3, s_patience));
        SimulatedNode follower = cluster.Nodes.First(node => !node.Quorum!.Controller.IsLocal);
        Uuid before = Image(cluster).Controllers[follower.Id].IncarnationId;

        follower.Kill();
        follower.Start();

        Assert.True(cluster.RunUntil(() => Image(cluster).Controllers[follower.Id].IncarnationId != before, s_patience));
    }

    [Fact]
    public void Configuration_of_any_broker_is_set_at_that_broker_whoever_is_the_controller_and_refused_by_all_others()
    {
        SimulatedCluster cluster = Started(2);
        var client = new ClusterClient(cluster);

        foreach (int broker in new[] { 1, 2, 3 })
        {
            Assert.Equal(ErrorCode.None, SetRate(client, broker, broker));
            Assert.Equal(ErrorCode.InvalidRequest, SetRate(client, broker % 3 + 1, broker));
        }
    }

    [Fact]
    public void Leaders_go_back_to_preferred_replicas_by_themselves()
    {
        SimulatedCluster cluster = Started(3, ("leader.imbalance.check.interval.seconds", "5"));
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 3));
        int preferred = Partition(cluster).Replicas[0];

        cluster[preferred].Kill();
        Assert.True(cluster.RunUntil(() => Partition(cluster).Leader is > 0 and var leader && leader != preferred, s_patience));
        cluster[preferred].Start();

        Assert.True(cluster.RunUntil(() => Partition(cluster).Leader == preferred, s_patience));
        Assert.Equal(3, Partition(cluster).Isr.Length);
    }

    private static ErrorCode SetRate(ClusterClient client, int asked, int broker) => client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(
        asked,
        new IncrementalAlterConfigsRequest
        {
            Resources =
            [
                new()
                {
                    ResourceType = (sbyte)Metadata.Configuration.ConfigResourceType.Broker,
                    ResourceName = $"{broker}",
                    Configs = [new() { Name = "leader.replication.throttled.rate", Value = "1000", ConfigOperation = 0 }],
                },
            ],
        }).Responses[0].ErrorCode;

    /// <summary>The newest that any node has.</summary>
    private static MetadataImage Image(SimulatedCluster cluster) =>
        cluster.Nodes.Where(node => node.IsRunning && node.Quorum is not null).Select(node => node.Quorum!.Current).MaxBy(image => image.LastOffset.Value)!;

    private static PartitionImage Partition(SimulatedCluster cluster) => Image(cluster).Topics.Find("t")!.Partitions[0];

    private static SimulatedCluster Started(ulong seed, params (string Key, string Value)[] settings)
    {
        var cluster = new SimulatedCluster(seed, 3, settings);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        return cluster;
    }
}
