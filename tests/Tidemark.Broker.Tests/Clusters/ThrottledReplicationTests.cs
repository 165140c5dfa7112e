using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>A replica that is behind catches up no faster than it may, and one that is in sync is never held up.</summary>
public sealed class ThrottledReplicationTests
{
    private const int Records = 40;
    private const int RecordBytes = 50_000;
    private const int BytesPerSecond = 100_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(null, false, 1, 0, 3)]
    [InlineData("leader.replication.throttled", false, 2, 17, 24)]
    [InlineData("follower.replication.throttled", false, 3, 17, 24)]
    [InlineData("follower.replication.throttled", true, 4, 17, 24)]
    public void A_replica_catches_up_as_fast_as_the_rate_allows(string? throttle, bool forAll, ulong seed, double least, double most)
    {
        var cluster = new SimulatedCluster(
            seed, 3, ("replica.fetch.max.bytes", "50000"), ("replica.fetch.response.max.bytes", "50000"), ("auto.leader.rebalance.enable", "false"));
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        var client = new ClusterClient(cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 3, ("min.insync.replicas", "1")));
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => Partition(node) is { Isr.Length: 3 }), s_patience));

        int leader = Partition(cluster[1])!.Leader;
        if (throttle is not null)
        {
            Set(client, leader, ConfigResourceType.Topic, "t", $"{throttle}.replicas", "*");
            foreach (SimulatedNode node in forAll ? [cluster[leader]] : cluster.Nodes)
            {
                Set(client, node.Id, ConfigResourceType.Broker, forAll ? "" : $"{node.Id}", $"{throttle}.rate", $"{BytesPerSecond}");
            }
        }

        SimulatedNode behind = cluster.Nodes.First(node => node.Id != leader && !node.Quorum!.Controller.IsLocal);
        behind.Kill();
        Assert.True(cluster.RunUntil(() => Partition(cluster[leader]) is { Isr.Length: 2 }, s_patience));
        string value = new('v', RecordBytes);
        for (int i = 0; i < Records; i++)
        {
            // No faster than the rate, so that the share of the replica in sync is used up by none of this.
            Assert.Equal(ErrorCode.None, client.Produce(leader, "t", value).ErrorCode);
            cluster.Time.Advance(TimeSpan.FromMilliseconds(500));
        }

        cluster.Time.Advance(TimeSpan.FromSeconds(12));

        TimeSpan started = cluster.Time.Elapsed;
        behind.Start();
        int written = 0;
        while (Partition(cluster[leader])!.Isr.Length < 3)
        {
            // acks=all by the leader and the replica in sync, which get no share of the rate.
            TimeSpan asked = cluster.Time.Elapsed;
            Assert.Equal(ErrorCode.None, client.Produce(leader, "t", "small").ErrorCode);
            Assert.InRange((cluster.Time.Elapsed - asked).TotalMilliseconds, 0, 100);
            written++;
            cluster.Time.Advance(TimeSpan.FromMilliseconds(250));
            Assert.InRange((cluster.Time.Elapsed - started).TotalSeconds, 0, most);
        }

        Assert.InRange((cluster.Time.Elapsed - started).TotalSeconds, least, most);
        Assert.InRange(written, 1, int.MaxValue);
    }

    private static PartitionImage? Partition(SimulatedNode node) => node.Broker?.Cluster.Image.Topics.Find("t")?.Partitions[0];

    private static void Set(ClusterClient client, int node, ConfigResourceType type, string name, string key, string value) =>
        Assert.Equal(ErrorCode.None, client.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(node, new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = (sbyte)type, ResourceName = name, Configs = [new() { Name = key, Value = value, ConfigOperation = 0 }] }],
        }).Responses[0].ErrorCode);
}
