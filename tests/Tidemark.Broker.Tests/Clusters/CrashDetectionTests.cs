using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>A process that is gone is fenced long before its session is over, unless that is switched off.</summary>
public sealed class CrashDetectionTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Enough to see a connection end and to elect another controller, where that was the one; far from a session.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_process_that_is_gone_is_fenced_at_once()
    {
        (SimulatedCluster cluster, SimulatedNode killed, SimulatedNode seenBy) = KilledBroker(11);
        Assert.True(cluster.RunUntil(() => IsFenced(seenBy, killed), s_soon));
    }

    [Fact]
    public void Switched_off_the_session_is_waited_for()
    {
        (SimulatedCluster cluster, SimulatedNode killed, SimulatedNode seenBy) = KilledBroker(12, ("tidemark.broker.crash.detection.enable", "false"));
        Assert.False(cluster.RunUntil(() => IsFenced(seenBy, killed), TimeSpan.FromSeconds(5)));
        Assert.True(cluster.RunUntil(() => IsFenced(seenBy, killed), TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public void A_process_that_is_back_before_its_port_was_seen_closed_need_not_wait_for_the_session_of_its_last_life(ulong seed)
    {
        (SimulatedCluster cluster, SimulatedNode killed, SimulatedNode seenBy) = KilledBroker(seed);
        long epoch = seenBy.Broker!.Cluster.Image.Brokers[killed.Id].Epoch;

        // Whoever connects finds somebody there: the next life's listener, or what stands before the machine.
        killed.Host.Listen(SimulatedNode.ClientPort, "PLAINTEXT", seenBy.Broker.Acceptor);
        cluster.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.False(IsFenced(seenBy, killed));
        killed.Start();
        Assert.True(cluster.RunUntil(() => seenBy.Broker.Cluster.Image.Brokers[killed.Id] is { IsActive: true } broker && broker.Epoch > epoch, s_soon));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    public void A_controllers_node_that_is_back_before_another_controller_is_elected_need_not_wait_for_its_session(ulong seed)
    {
        var cluster = new SimulatedCluster(seed, 3);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        SimulatedNode killed = cluster.Nodes.First(node => node.Quorum!.Controller.IsLocal);
        SimulatedNode seenBy = cluster.Nodes.First(node => node != killed);
        long epoch = seenBy.Broker!.Cluster.Image.Brokers[killed.Id].Epoch;
        killed.Kill();
        killed.Start();
        Assert.True(cluster.RunUntil(() => seenBy.Broker.Cluster.Image.Brokers[killed.Id] is { IsActive: true } broker && broker.Epoch > epoch, s_soon * 4));
    }

    /// <summary>Kills a broker that does not lead the quorum.</summary>
    private static (SimulatedCluster Cluster, SimulatedNode Killed, SimulatedNode SeenBy) KilledBroker(ulong seed, params (string, string)[] settings)
    {
        var cluster = new SimulatedCluster(seed, 3, settings);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        SimulatedNode controller = cluster.Nodes.First(node => node.Quorum!.Controller.IsLocal);
        SimulatedNode killed = cluster.Nodes.First(node => node != controller);
        killed.Kill();
        return (cluster, killed, controller);
    }

    private static bool IsFenced(SimulatedNode seenBy, SimulatedNode broker) => seenBy.Broker!.Cluster.Image.Brokers[broker.Id].IsFenced;
}
