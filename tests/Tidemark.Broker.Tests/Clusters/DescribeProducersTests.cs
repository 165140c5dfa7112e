using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Who tells of the producers that wrote to a partition.</summary>
public sealed class DescribeProducersTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly SimulatedCluster _cluster = new(22, 3);

    [Fact]
    public void Every_replica_tells_and_who_has_none_sends_elsewhere()
    {
        _cluster.StartAll();
        Assert.True(_cluster.RunUntil(() => _cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Lease is { IsHeld: true }), s_patience));
        var client = new ClusterClient(_cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 2));
        Assert.True(_cluster.RunUntil(() => Image() is { } partition && partition.Isr.Length == 2, s_patience));
        int leader = Image()!.Leader;
        int follower = Image()!.Replicas.Single(replica => replica != leader);
        int other = 6 - leader - follower;

        using var builder = new RecordBatchBuilder(new RecordBatchOptions { ProducerId = new ProducerId(4711), ProducerEpoch = 0, BaseSequence = 0 });
        builder.Append(_cluster.Time.GetUtcNow().ToUnixTimeMilliseconds(), default, "v"u8);
        var produce = new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 5_000,
            TopicData = [new() { Name = "t", PartitionData = [new() { Index = 0, Records = builder.Build().ToArray() }] }],
        };
        Assert.Equal(ErrorCode.None, client.Ask<ProduceRequest, ProduceResponse>(leader, produce, highest: 12).Responses[0].PartitionResponses[0].ErrorCode);

        Assert.Equal("None: 4711", Told(leader, "t"));
        Assert.Equal("None: 4711", Told(follower, "t"));
        Assert.Equal("NotLeaderOrFollower: ", Told(other, "t"));
        Assert.Equal("UnknownTopicOrPartition: ", Told(other, "never-was"));

        Metadata.Image.PartitionImage? Image() => _cluster[1].Broker!.Cluster.Image.Topics.Find("t")?.Partition(0);

        string Told(int node, string topic)
        {
            DescribeProducersResponse answer = client.Ask<DescribeProducersRequest, DescribeProducersResponse>(
                node, new DescribeProducersRequest { Topics = [new() { Name = topic, PartitionIndexes = [0] }] });
            DescribeProducersResponse.PartitionResponse told = answer.Topics[0].Partitions[0];
            return $"{told.ErrorCode}: {string.Join(' ', told.ActiveProducers.Select(producer => (long)producer.ProducerId))}";
        }
    }
}
