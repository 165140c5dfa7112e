using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Three whole nodes on a simulated network.</summary>
public sealed class ThreeNodesTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void They_elect_a_controller_and_take_each_other_in()
    {
        SimulatedCluster cluster = Started(1);

        Assert.Single(cluster.Nodes, node => node.Quorum!.Controller.IsLocal);
        Assert.All(cluster.Nodes, node => Assert.Equal([1, 2, 3], node.Broker!.Cluster.Image.Brokers.Values.Where(broker => broker.IsActive).Select(broker => broker.Id)));
    }

    [Fact]
    public void What_was_acknowledged_by_all_outlives_the_leader()
    {
        SimulatedCluster cluster = Started(2);
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 3, ("min.insync.replicas", "2")));
        int leader = LeaderOf(cluster, cluster[1], "t");
        Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "a").ErrorCode);
        Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "b").ErrorCode);

        cluster[leader].Kill();
        SimulatedNode survivor = cluster.Nodes.First(node => node.Id != leader);
        Assert.True(cluster.RunUntil(() => LeaderOf(cluster, survivor, "t") is var next && next > 0 && next != leader, s_patience));
        int second = LeaderOf(cluster, survivor, "t");

        Assert.True(cluster.RunUntil(() => cluster[second].Broker!.Partitions.Find(new TopicPartition("t", 0))!.HighWatermark.Value == 2, s_patience));
        Assert.Equal("a b", client.Read(second, "t"));
        Assert.Equal(ErrorCode.None, client.Produce(second, "t", "c").ErrorCode);
        cluster[leader].Start();
        Assert.True(cluster.RunUntil(() => IsrOf(survivor, "t").Length == 3, s_patience));
        Assert.Equal("a b c", client.Read(second, "t"));
    }

    [Fact]
    public async Task All_partitions_of_a_request_are_written_before_any_is_waited_for()
    {
        // In another broker the partitions of one request were written one after the other, each when the one before was committed.
        SimulatedCluster cluster = Started(3);
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 3, 3, ("min.insync.replicas", "2")));
        LeaderOf(cluster, cluster[1], "t");
        TopicImage topic = cluster[1].Broker!.Cluster.Image.Topics.Find("t")!;
        int[] partitions = [.. topic.Partitions.Select(partition => partition.Id)];
        int leader = topic.Partitions[0].Leader;
        int[] led = [.. partitions.Where(id => topic.Partitions[id].Leader == leader)];
        foreach (SimulatedNode node in cluster.Nodes.Where(node => node.Id != leader))
        {
            node.Pause();
        }

        Task<ProduceResponse>? answer = null;
        client.Enter(() => answer = client.Send<ProduceRequest, ProduceResponse>(leader, ToAll(topic, led), s_patience).AsTask());
        Assert.True(cluster.RunUntil(() => led.All(id => cluster[leader].Broker!.Partitions.Find(new TopicPartition("t", id))!.Log!.LogEndOffset.Value == 1), TimeSpan.FromSeconds(1)));
        Assert.False(answer!.IsCompleted);
        foreach (SimulatedNode node in cluster.Nodes.Where(node => node.Id != leader))
        {
            node.Resume();
        }

        Assert.True(cluster.RunUntil(() => answer.IsCompleted, s_patience));
        Assert.All((await answer).Responses[0].PartitionResponses, each => Assert.Equal(ErrorCode.None, each.ErrorCode));
    }

    [Fact]
    public void Records_are_deleted_when_all_replicas_that_are_alive_begin_behind_them()
    {
        SimulatedCluster cluster = Started(4);
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 3, ("min.insync.replicas", "2")));
        int leader = LeaderOf(cluster, cluster[1], "t");
        Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "a").ErrorCode);
        Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "b").ErrorCode);
        Assert.Equal((ErrorCode.None, 1L), DeleteBefore(1, 10_000));
        Assert.All(cluster.Nodes, node => Assert.Equal(1, node.Broker!.Partitions.Find(new TopicPartition("t", 0))!.Log!.LogStart.Value));

        SimulatedNode frozen = cluster.Nodes.First(node => node.Id != leader && !node.Quorum!.Controller.IsLocal);
        frozen.Pause();
        Assert.Equal((ErrorCode.None, 3), (client.Produce(leader, "t", "c", acks: 1).ErrorCode, IsrOf(cluster[leader], "t").Length));
        Assert.Equal((ErrorCode.RequestTimedOut, 1L), DeleteBefore(2, 1_000));
        Assert.True(cluster.RunUntil(() => cluster[leader].Broker!.Cluster.Image.Brokers[frozen.Id].IsFenced, s_patience));
        Assert.Equal((ErrorCode.None, 2L), DeleteBefore(2, 10_000));

        (ErrorCode, long) DeleteBefore(long offset, int timeoutMs)
        {
            DeleteRecordsResponse deleted = client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(leader, new DeleteRecordsRequest
            {
                TimeoutMs = timeoutMs,
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = offset }] }],
            });
            return (deleted.Topics[0].Partitions[0].ErrorCode, deleted.Topics[0].Partitions[0].LowWatermark);
        }
    }

    [Fact]
    public void A_topic_that_was_deleted_and_made_anew_while_a_broker_was_away_is_the_new_one_there()
    {
        SimulatedCluster cluster = Started(5);
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 3, ("min.insync.replicas", "2")));
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "gone", 1, 3));
        int leader = LeaderOf(cluster, cluster[1], "t");
        LeaderOf(cluster, cluster[1], "gone");
        Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "old").ErrorCode);
        SimulatedNode away = cluster.Nodes.First(node => !node.Quorum!.Controller.IsLocal);
        SimulatedNode here = cluster.Nodes.First(node => node != away);
        away.Kill();
        Assert.True(cluster.RunUntil(() => here.Broker!.Cluster.Image.Brokers[away.Id].IsFenced, s_patience));
        DeleteTopicsResponse deleted = client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(
            here.Id, new DeleteTopicsRequest { Topics = [new() { Name = "t" }, new() { Name = "gone" }], TimeoutMs = 5_000 });
        Assert.All(deleted.Responses, each => Assert.Equal(ErrorCode.None, each.ErrorCode));
        Assert.Equal(ErrorCode.InvalidReplicationFactor, client.CreateTopic(here.Id, "t", 1, 3));
        Assert.Equal(ErrorCode.None, client.CreateTopic(here.Id, "t", 1, 2));
        Assert.Equal(ErrorCode.None, client.Produce(LeaderOf(cluster, here, "t"), "t", "new").ErrorCode);

        away.Start();
        Assert.True(cluster.RunUntil(() => away.Started.IsCompletedSuccessfully && here.Broker!.Cluster.Image.IsActive(away.Id), s_patience));
        Assert.True(cluster.RunUntil(() => !away.Broker!.Directories.Partitions.Any(each => each.Log.Partition.Topic is "t" or "gone"), s_patience));
        Assert.Equal("new", client.Read(LeaderOf(cluster, here, "t"), "t"));
    }

    private static ProduceRequest ToAll(TopicImage topic, int[] partitions)
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(1_767_225_600_000, default, "a"u8);
        byte[] batch = builder.Build().ToArray();
        return new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 30_000,
            TopicData =
            [
                new()
                {
                    Name = topic.Name,
                    TopicId = topic.Id,
                    PartitionData = [.. partitions.Select(id => new ProduceRequest.PartitionProduceData { Index = id, Records = batch.ToArray() })],
                },
            ],
        };
    }

    private static SimulatedCluster Started(ulong seed)
    {
        var cluster = new SimulatedCluster(seed, 3);
        cluster.StartAll();
        bool started = cluster.RunUntil(() => cluster.Nodes.All(node => node.Started.IsCompleted && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience);
        foreach (SimulatedNode node in cluster.Nodes)
        {
            Assert.Empty(node.Process!.Failures);
            if (node.Started.IsFaulted)
            {
                node.Started.GetAwaiter().GetResult();
            }
        }

        Assert.True(started, string.Join("; ", cluster.Nodes.Select(node => $"{node.Id}: {node.Quorum!.Controller} {node.Started.Status}")));
        return cluster;
    }

    private static int LeaderOf(SimulatedCluster cluster, SimulatedNode seenBy, string topic)
    {
        cluster.RunUntil(() => seenBy.Broker!.Cluster.Image.Topics.Find(topic) is not null, s_patience);
        return seenBy.Broker!.Cluster.Image.Topics.Find(topic)!.Partitions[0].Leader;
    }

    private static int[] IsrOf(SimulatedNode seenBy, string topic) => [.. seenBy.Broker!.Cluster.Image.Topics.Find(topic)!.Partitions[0].Isr];
}
