using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Clients whose metadata is old ask a broker that has no replica: they have to hear that another one has, not that there is no such partition.</summary>
public sealed class WrongBrokerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly SimulatedCluster _cluster = new(23, 3);

    [Fact]
    public void A_broker_without_a_replica_sends_elsewhere_and_says_of_what_is_nowhere_that_it_is_unknown()
    {
        _cluster.StartAll();
        Assert.True(_cluster.RunUntil(() => _cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Lease is { IsHeld: true }), s_patience));
        var client = new ClusterClient(_cluster);
        Assert.Equal(ErrorCode.None, client.CreateTopic(1, "t", 1, 1));
        Assert.True(_cluster.RunUntil(() => _cluster.Nodes.All(node => Image(node) is not null), s_patience));
        int other = _cluster.Nodes.First(node => Image(node)!.Leader != node.Id).Id;
        using var builder = new RecordBatchBuilder(new RecordBatchOptions());
        builder.Append(_cluster.Time.GetUtcNow().ToUnixTimeMilliseconds(), default, "v"u8);
        byte[] batch = builder.Build().ToArray();

        foreach ((int partition, ErrorCode expected) in new[] { (0, ErrorCode.NotLeaderOrFollower), (1, ErrorCode.UnknownTopicOrPartition), (-1, ErrorCode.UnknownTopicOrPartition) })
        {
            ErrorCode Produce(short acks) => client.Ask<ProduceRequest, ProduceResponse>(other, new ProduceRequest
            {
                Acks = acks,
                TimeoutMs = 5_000,
                TopicData = [new() { Name = "t", PartitionData = [new() { Index = partition, Records = batch }] }],
            }, highest: 12).Responses[0].PartitionResponses[0].ErrorCode;
            Assert.Equal(expected, Produce(-1));

            // What no broker takes is said at once, though the leader is another.
            Assert.Equal(partition == 0 ? ErrorCode.InvalidRequiredAcks : expected, Produce(2));
            Assert.Equal(expected, client.Ask<FetchRequest, FetchResponse>(other, new FetchRequest
            {
                MaxBytes = 1000,
                Topics = [new() { Topic = "t", Partitions = [new() { Partition = partition, PartitionMaxBytes = 1000 }] }],
            }, highest: 12).Responses[0].Partitions[0].ErrorCode);
            Assert.Equal(expected, client.Ask<ListOffsetsRequest, ListOffsetsResponse>(other, new ListOffsetsRequest
            {
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = partition, Timestamp = -1 }] }],
            }).Topics[0].Partitions[0].ErrorCode);
            Assert.Equal(expected, client.Ask<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(other, new OffsetForLeaderEpochRequest
            {
                Topics = [new() { Topic = "t", Partitions = [new() { Partition = partition }] }],
            }).Topics[0].Partitions[0].ErrorCode);
            Assert.Equal(expected, client.Ask<DeleteRecordsRequest, DeleteRecordsResponse>(other, new DeleteRecordsRequest
            {
                TimeoutMs = 5_000,
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = partition, Offset = -1 }] }],
            }).Topics[0].Partitions[0].ErrorCode);
        }

        TimeSpan before = _cluster.Time.Elapsed;
        FetchResponse told = client.Ask<FetchRequest, FetchResponse>(other, new FetchRequest
        {
            MaxBytes = 1000,
            MaxWaitMs = 10_000,
            Topics = [new() { TopicId = _cluster[other].Broker!.Cluster.Image.Topics.Find("t")!.Id, Partitions = [new() { Partition = 0, PartitionMaxBytes = 1000 }] }],
        });
        Assert.True(_cluster.Time.Elapsed - before < TimeSpan.FromSeconds(1), "the answer waited for records that cannot come");
        Assert.Equal((ErrorCode.NotLeaderOrFollower, Image(_cluster[other])!.Leader), (told.Responses[0].Partitions[0].ErrorCode, told.Responses[0].Partitions[0].CurrentLeader.LeaderId));
        Assert.Single(told.NodeEndpoints);

        static PartitionImage? Image(SimulatedNode node) => node.Broker!.Cluster.Image.Topics.Find("t")?.Partition(0);
    }
}
