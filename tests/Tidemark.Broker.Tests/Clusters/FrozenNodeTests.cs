using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>A node that stands still holds up what it leads for one session, also when it is the controller, and nobody is replaced before its lease is over.</summary>
public sealed class FrozenNodeTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_session = TimeSpan.FromSeconds(9);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_controller_that_stood_still_is_fenced_one_session_later_and_not_an_election_after_that(ulong seed)
    {
        SimulatedCluster cluster = Running(seed, 3);
        SimulatedNode frozen = Controller(cluster);
        TimeSpan at = cluster.Time.Elapsed;
        frozen.Pause();
        SimulatedNode[] others = [.. cluster.Nodes.Where(node => node != frozen)];
        Assert.True(cluster.RunUntil(() => others.All(node => Image(node).Brokers[frozen.Id].IsFenced), s_patience));
        Assert.InRange((cluster.Time.Elapsed - at).TotalSeconds, 0, s_session.TotalSeconds + 0.2);
        Assert.All(others, node => Assert.True(Image(node).Brokers.Values.Count(broker => !broker.IsFenced) == 2, "a broker that lives was fenced with the one that stood still"));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void A_quorum_that_had_no_leader_for_longer_than_a_session_fences_nobody_who_lives(ulong seed)
    {
        SimulatedCluster cluster = Running(seed, 3);
        SimulatedNode frozen = Controller(cluster);
        SimulatedNode[] others = [.. cluster.Nodes.Where(node => node != frozen)];
        frozen.Pause();
        cluster.Network.Partition([others[0].Host], [others[1].Host]);
        cluster.Time.Advance(s_session * 2);
        cluster.Network.Heal();
        bool fenced = cluster.RunUntil(() => others.Any(node => others.Any(each => Image(node).Brokers[each.Id].IsFenced)), s_session * 2);
        Assert.False(fenced);
        Assert.All(others, node => Assert.True(Image(node).Brokers[frozen.Id].IsFenced));
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(24)]
    public void A_new_controller_replaces_nobody_whose_lease_the_last_one_extended(ulong seed)
    {
        // Whoever is cut off from the new controller as soon as there is one has the last controller's word alone.
        SimulatedCluster cluster = Running(seed, 5);
        SimulatedNode frozen = Controller(cluster);
        cluster.Time.Advance(TimeSpan.FromMilliseconds(cluster.Random.Next(2000)));
        frozen.Pause();
        SimulatedNode? controller = null;
        Assert.True(cluster.RunUntil(() => (controller = cluster.Nodes.FirstOrDefault(node => node != frozen && node.Quorum!.Controller.IsLocal)) is not null, s_patience));
        SimulatedNode cut = cluster.Nodes.First(node => node != frozen && node != controller);
        cluster.Network.Partition([cut.Host], [.. cluster.Nodes.Where(node => node != cut).Select(node => node.Host)]);
        foreach (SimulatedNode node in new[] { cut, frozen })
        {
            Assert.True(node.Lease!.IsHeld);
        }

        for (TimeSpan end = cluster.Time.Elapsed + (s_session * 2); cluster.Time.Elapsed < end; cluster.Time.Advance(TimeSpan.FromMilliseconds(10)))
        {
            foreach (SimulatedNode node in new[] { cut, frozen })
            {
                Assert.False(IsReplaced(controller!, node) && node.Lease!.IsHeld, $"node {node.Id} was replaced while it might serve");
            }
        }

        Assert.True(IsReplaced(controller!, cut) && IsReplaced(controller!, frozen));
    }

    [Fact]
    public void Clients_are_not_sent_to_a_leader_that_leaves_its_followers_without_an_answer()
    {
        SimulatedCluster cluster = Running(31, 3);
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 3, 3));
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => Image(node).Topics.Find("t") is { } topic && topic.Partitions.All(each => each.Isr.Length == 3)), s_patience));
        SimulatedNode frozen = cluster.Nodes.First(node => !node.Quorum!.Controller.IsLocal);
        SimulatedNode asked = cluster.Nodes.First(node => node != frozen);

        frozen.Pause();
        cluster.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(3, Named(client, asked, frozen, ErrorCode.None));
        cluster.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(Image(asked).Brokers[frozen.Id].IsFenced);
        Assert.Equal(2, Named(client, asked, frozen, ErrorCode.LeaderNotAvailable));

        frozen.Resume();
        cluster.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, Named(client, asked, frozen, ErrorCode.None));
    }

    /// <summary>How many brokers are named; the partitions that the frozen one leads have the error.</summary>
    private static int Named(ClusterClient client, SimulatedNode asked, SimulatedNode frozen, ErrorCode expected)
    {
        MetadataResponse answer = client.Ask<MetadataRequest, MetadataResponse>(asked.Id, new MetadataRequest { Topics = [new() { Name = "t" }] });
        foreach (PartitionImage partition in Image(asked).Topics.Find("t")!.Partitions)
        {
            MetadataResponse.MetadataResponsePartition told = answer.Topics[0].Partitions.First(each => each.PartitionIndex == partition.Id);
            Assert.Equal(partition.Leader == frozen.Id ? expected : ErrorCode.None, told.ErrorCode);
        }

        return answer.Brokers.Count;
    }

    private static SimulatedCluster Running(ulong seed, int nodes)
    {
        var cluster = new SimulatedCluster(seed, nodes);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && Image(node).Brokers.Values.Count(broker => broker.IsActive) == nodes), s_patience));
        cluster.Time.Advance(TimeSpan.FromSeconds(5));
        return cluster;
    }

    private static bool IsReplaced(SimulatedNode seenBy, SimulatedNode broker) => Image(seenBy).Brokers[broker.Id].IsFenced;

    private static MetadataImage Image(SimulatedNode node) => node.Broker!.Cluster.Image;

    private static SimulatedNode Controller(SimulatedCluster cluster) => cluster.Nodes.Single(node => node.Quorum!.Controller.IsLocal);
}
