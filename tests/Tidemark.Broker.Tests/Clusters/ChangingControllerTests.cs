using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>What clients ask of the controller through a broker while the controller changes: they wait a little and are never told of it (KIP-590).</summary>
public sealed class ChangingControllerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_request_that_waits_for_a_controller_is_served_by_the_broker_that_becomes_it()
    {
        SimulatedCluster cluster = Running(1, 3);
        SimulatedNode last = Controller(cluster);
        SimulatedNode[] others = [.. cluster.Nodes.Where(node => node != last)];
        last.Kill();
        var client = new ClusterClient(cluster);

        Task<CreateTopicsResponse>[] asked = [.. others.Select(node => Create(client, node))];

        Assert.True(cluster.RunUntil(() => asked.All(each => each.IsCompleted), s_patience));
        Assert.All(await Task.WhenAll(asked), answer => Assert.Equal(ErrorCode.None, answer.Topics[0].ErrorCode));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_controller_that_loses_the_lead_before_a_decision_is_committed_has_another_one_decide(bool throughController)
    {
        SimulatedCluster cluster = Running(2, 5);
        SimulatedNode last = Controller(cluster);
        SimulatedNode companion = cluster.Nodes.First(node => node != last);
        cluster.Network.Partition([last.Host, companion.Host], [.. cluster.Nodes.Where(node => node != last && node != companion).Select(node => node.Host)]);
        var client = new ClusterClient(cluster);

        Task<CreateTopicsResponse> asked = Create(client, throughController ? last : companion);
        Assert.True(cluster.RunUntil(() => !last.Quorum!.Controller.IsLocal, s_patience));
        Assert.False(asked.IsCompleted);
        cluster.Network.Heal();

        Assert.True(cluster.RunUntil(() => asked.IsCompleted, s_patience));
        Assert.Equal(ErrorCode.None, (await asked).Topics[0].ErrorCode);
    }

    [Fact]
    public async Task A_controller_whose_disk_fails_has_another_one_decide()
    {
        SimulatedCluster cluster = Running(3, 3);
        SimulatedNode last = Controller(cluster);
        last.Disk.FailUnder("/data/__cluster_metadata-0");
        var client = new ClusterClient(cluster);
        SimulatedNode[] others = [.. cluster.Nodes.Where(node => node != last)];

        Task<CreateTopicsResponse> during = Create(client, others[0]);
        Assert.True(cluster.RunUntil(() => last.Quorum!.Failed.IsCompleted, s_patience));
        Task<CreateTopicsResponse> after = Create(client, others[1]);

        Assert.True(cluster.RunUntil(() => during.IsCompleted && after.IsCompleted, s_patience));
        Assert.All(await Task.WhenAll(during, after), answer => Assert.Equal(ErrorCode.None, answer.Topics[0].ErrorCode));
    }

    private static Task<CreateTopicsResponse> Create(ClusterClient client, SimulatedNode node)
    {
        Task<CreateTopicsResponse>? answer = null;
        client.Enter(() => answer = client.Send<CreateTopicsRequest, CreateTopicsResponse>(
            node.Id,
            new CreateTopicsRequest { TimeoutMs = 30_000, Topics = [new() { Name = $"through-{node.Id}", NumPartitions = 1, ReplicationFactor = 1 }] },
            s_patience).AsTask());
        return answer!;
    }

    private static SimulatedCluster Running(ulong seed, int nodes)
    {
        var cluster = new SimulatedCluster(seed, nodes);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == nodes), s_patience));
        return cluster;
    }

    private static SimulatedNode Controller(SimulatedCluster cluster) => cluster.Nodes.First(node => node.Quorum!.Controller.IsLocal);
}
