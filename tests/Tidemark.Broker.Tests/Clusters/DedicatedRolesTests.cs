using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Controllers that are no brokers, and brokers that are no controllers.</summary>
public sealed class DedicatedRolesTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Three_controllers_and_three_brokers_take_each_other_in_and_outlive_the_active_controller()
    {
        SimulatedCluster cluster = Started(1, controllers: 3, brokers: 3);
        Assert.All(cluster.Nodes, node => Assert.Equal([4, 5, 6], BrokersOf(node)));
        Assert.All(cluster.Nodes, node => Assert.Equal([1, 2, 3], node.Node!.Cluster.Image.Controllers.Keys.Order()));
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(4, "t", 1, 3, ("min.insync.replicas", "2")));
        Assert.Equal(ErrorCode.None, client.Produce(LeaderOf(cluster, "t"), "t", "a").ErrorCode);

        SimulatedNode active = Assert.Single(cluster.Nodes, node => node.Quorum!.Controller.IsLocal);
        Assert.InRange(active.Id, 1, 3);
        active.Kill();
        Assert.True(cluster.RunUntil(() => cluster.Nodes.Any(node => node.IsRunning && node.Quorum!.Controller.IsLocal), s_patience));

        // The brokers ask the next controller, and nothing that they lead is disturbed.
        Assert.Equal(ErrorCode.None, client.CreateTopic(5, "u", 1, 3));
        Assert.Equal(ErrorCode.None, client.Produce(LeaderOf(cluster, "t"), "t", "b").ErrorCode);
        active.Start();
        Assert.True(cluster.RunUntil(() => active.Started.IsCompletedSuccessfully && active.Node!.Cluster.Image.Topics.Find("u") is not null, s_patience));
    }

    [Fact]
    public void One_controller_and_two_brokers_go_on_after_the_controller_was_stopped_and_started()
    {
        SimulatedCluster cluster = Started(2, controllers: 1, brokers: 2);
        Task stopped = cluster[1].Stop();
        Assert.True(cluster.RunUntil(() => stopped.IsCompleted, s_patience));
        cluster[1].Start();
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(2, "t", 2, 2));
        Assert.Equal(ErrorCode.None, client.Produce(LeaderOf(cluster, "t"), "t", "a").ErrorCode);
        Assert.Null(cluster[1].Broker);
    }

    /// <summary>The way lets heartbeats and their answers through, and no metadata: what is refused is the lease, for the session goes on.</summary>
    [Fact]
    public void A_leader_that_sends_heartbeats_and_hears_nothing_of_the_metadata_serves_nobody_when_another_was_elected()
    {
        SimulatedCluster cluster = Started(4, controllers: 1, brokers: 2);
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(2, "t", 1, 2));
        int preferred = LeaderOf(cluster, "t");
        SimulatedNode other = cluster.Nodes.Single(node => node.Broker is not null && node.Id != preferred);
        Task stopped = cluster[preferred].Stop();
        Assert.True(cluster.RunUntil(() => stopped.IsCompleted, s_patience));
        cluster[preferred].Start();
        Assert.True(cluster.RunUntil(() => cluster[preferred].Started.IsCompletedSuccessfully && other.Broker!.Cluster.Image.Topics.Find("t")!.Partitions[0].Isr.Length == 2, s_patience));
        Assert.Equal(other.Id, other.Broker!.Cluster.Image.Topics.Find("t")!.Partitions[0].Leader);
        Assert.True(other.Lease!.IsHeld);

        cluster.Network.Narrow(cluster[1].Host, other.Host, 120);
        var elect = new ElectLeadersRequest { TimeoutMs = 5000, TopicPartitions = [new() { Topic = "t", Partitions = [0] }] };
        Assert.Equal(ErrorCode.None, client.Ask<ElectLeadersRequest, ElectLeadersResponse>(preferred, elect).ErrorCode);
        Assert.Equal(preferred, cluster[preferred].Broker!.Cluster.Image.Topics.Find("t")!.Partitions[0].Leader);
        cluster.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(other.Id, other.Broker!.Cluster.Image.Topics.Find("t")!.Partitions[0].Leader);
        Assert.False(other.Lease!.IsHeld);
        Assert.False(cluster[1].Node!.Cluster.Image.Brokers[other.Id].IsFenced);

        cluster.Network.Heal();
        Assert.True(cluster.RunUntil(() => other.Lease!.IsHeld && other.Broker!.Cluster.Image.Topics.Find("t")!.Partitions[0].Leader == preferred, s_patience));
    }

    [Fact]
    public void A_controllers_listener_serves_no_client_and_names_the_active_controller()
    {
        SimulatedCluster cluster = Started(3, controllers: 3, brokers: 1);
        var client = new ClusterClient(cluster);
        short[] served = [.. client.Ask<ApiVersionsRequest, ApiVersionsResponse>(1, new ApiVersionsRequest { ClientSoftwareName = "t", ClientSoftwareVersion = "1" }, port: SimulatedNode.ControllerPort).ApiKeys.Select(api => api.ApiKey)];
        Assert.DoesNotContain(ProduceRequest.ApiKey, served);
        Assert.DoesNotContain(MetadataRequest.ApiKey, served);
        Assert.Contains(VoteRequest.ApiKey, served);

        int active = Assert.Single(cluster.Nodes, node => node.Quorum!.Controller.IsLocal).Id;
        foreach (int asked in (int[])[1, 2, 3])
        {
            DescribeClusterResponse described = client.Ask<DescribeClusterRequest, DescribeClusterResponse>(asked, new DescribeClusterRequest { EndpointType = 2 }, port: SimulatedNode.ControllerPort);
            Assert.Equal(active, described.ControllerId);
            Assert.Equal([1, 2, 3], described.Brokers.Select(controller => controller.BrokerId));
        }
    }

    private static SimulatedCluster Started(ulong seed, int controllers, int brokers)
    {
        var cluster = new SimulatedCluster(seed, controllers + brokers) { Roles = id => id <= controllers ? "controller" : "broker" };
        cluster.StartAll();
        bool started = cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompleted && BrokersOf(node).Length == brokers && node.Node!.Cluster.Image.Controllers.Count == controllers), s_patience);
        Assert.All(cluster.Nodes, node => Assert.Empty(node.Process!.Failures));
        Assert.True(started, string.Join("; ", cluster.Nodes.Select(node => $"{node.Id}: {node.Quorum!.Controller} {node.Started.Status}")));
        return cluster;
    }

    private static int[] BrokersOf(SimulatedNode seenBy) => [.. seenBy.Node!.Cluster.Image.Brokers.Values.Where(broker => broker.IsActive).Select(broker => broker.Id)];

    private static int LeaderOf(SimulatedCluster cluster, string topic)
    {
        SimulatedNode broker = cluster.Nodes.First(node => node.Broker is not null);
        cluster.RunUntil(() => broker.Broker!.Cluster.Image.Topics.Find(topic) is { } found && found.Partitions[0].Leader > 0, s_patience);
        return broker.Broker!.Cluster.Image.Topics.Find(topic)!.Partitions[0].Leader;
    }
}
