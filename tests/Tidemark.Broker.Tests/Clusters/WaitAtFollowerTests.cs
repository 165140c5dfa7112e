using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>A consumer that reads from a follower (KIP-392) and has nothing to read yet.</summary>
public sealed class WaitAtFollowerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TopicPartition s_name = new("t", 0);
    private readonly SimulatedCluster _cluster = new(31, 3);

    [Fact]
    public async Task A_consumer_that_waits_at_a_follower_is_answered_when_that_hears_that_the_records_are_committed()
    {
        _cluster.StartAll();
        Assert.True(_cluster.RunUntil(() => _cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Lease is { IsHeld: true }), s_patience));
        var client = new ClusterClient(_cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 3));
        Assert.True(_cluster.RunUntil(() => _cluster.Nodes.All(node => node.Broker!.Partitions.Find(s_name) is not null), s_patience));
        int leader = _cluster[1].Broker!.Cluster.Image.Topics.Find("t")!.Partitions[0].Leader;
        SimulatedNode follower = _cluster.Nodes.First(node => node.Id != leader);
        Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "a").ErrorCode);
        Assert.True(_cluster.RunUntil(() => follower.Broker!.Partitions.Find(s_name)!.HighWatermark.Value == 1, s_patience));

        Task<FetchResponse> waiting = client.AwaitRecord(follower.Id, "t", 1);
        Assert.False(_cluster.RunUntil(() => waiting.IsCompleted, TimeSpan.FromSeconds(1)));

        // The records come with one answer of the leader, and that they are committed with a later one, which brings no records.
        TimeSpan written = _cluster.Time.Elapsed;
        Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "b").ErrorCode);
        Assert.True(_cluster.RunUntil(() => waiting.IsCompleted, s_patience));
        Assert.InRange((_cluster.Time.Elapsed - written).TotalSeconds, 0, 2);
        FetchResponse.PartitionData told = (await waiting).Responses[0].Partitions[0];
        Assert.Equal((ErrorCode.None, 2L), (told.ErrorCode, told.HighWatermark));
        Assert.NotEqual(0, told.Records?.Length ?? 0);
    }
}
