using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>The only follower of a partition that one replica may carry on alone dies while a record waits for it.</summary>
public sealed class LastFollowerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly SimulatedCluster _cluster = new(41, 5);

    [Fact]
    public async Task What_waits_for_a_follower_is_committed_and_read_when_the_leader_hears_that_it_is_gone()
    {
        _cluster.StartAll();
        Assert.True(_cluster.RunUntil(() => _cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Lease is { IsHeld: true }), s_patience));
        var client = new ClusterClient(_cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 2, ("min.insync.replicas", "1")));
        Assert.Equal(ErrorCode.None, client.Produce(State(1).Leader, "t", "a").ErrorCode);
        int leader = State(1).Leader;
        int follower = State(1).Replicas.First(id => id != leader);
        Task<FetchResponse> waiting = client.AwaitRecord(leader, "t", 1);
        Assert.False(_cluster.RunUntil(() => waiting.IsCompleted, TimeSpan.FromSeconds(1)));

        _cluster[follower].Kill();
        TimeSpan began = _cluster.Time.Elapsed;
        var writer = new ClusterClient(_cluster, "writer");
        Assert.Equal(ErrorCode.None, writer.Produce(leader, "t", "b").ErrorCode);
        Assert.True(_cluster.RunUntil(() => waiting.IsCompleted, s_patience));

        Assert.Equal(leader, Assert.Single(State(leader).Isr));
        Assert.InRange((_cluster.Time.Elapsed - began).TotalSeconds, 0, 2);
        Assert.Equal(2, (await waiting).Responses[0].Partitions[0].HighWatermark);
    }

    private PartitionImage State(int node) => _cluster[node].Broker!.Cluster.Image.Topics.Find("t")!.Partitions[0];
}
