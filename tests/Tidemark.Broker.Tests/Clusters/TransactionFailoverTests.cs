using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Transactions on three nodes of which one dies: their coordinator, or the leader of a partition.</summary>
public sealed class TransactionFailoverTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly SimulatedCluster _cluster;
    private readonly ClusterClient _client;
    private long _producer;
    private short _epoch;

    public TransactionFailoverTests()
    {
        _cluster = new SimulatedCluster(11, 3, ("transaction.state.log.num.partitions", "1"));
        _cluster.StartAll();
        Assert.True(_cluster.RunUntil(
            () => _cluster.Nodes.All(node => node.Started.IsCompleted && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        _client = new ClusterClient(_cluster);
        Assert.Equal(ErrorCode.None, _client.CreateTopic(1, "t", 1, 3, ("min.insync.replicas", "2")));
        Assert.True(_cluster.RunUntil(() => Ask<FindCoordinatorRequest, FindCoordinatorResponse>(1, new() { KeyType = 1, CoordinatorKeys = ["x"] }).Coordinators[0].ErrorCode == ErrorCode.None, s_patience));
        Assert.True(_cluster.RunUntil(() => Begin().ErrorCode == ErrorCode.None, s_patience));
    }

    [Fact]
    public void A_new_coordinator_carries_out_what_the_one_before_had_decided()
    {
        int leader = LeaderOf("t");
        int coordinator = LeaderOf("__transaction_state");
        Assert.Equal(ErrorCode.None, Produce(leader, 0));
        Assert.Equal(ErrorCode.None, End(coordinator).ErrorCode);
        _cluster[coordinator].Kill();

        Assert.True(_cluster.RunUntil(() => State() == "CompleteCommit", s_patience));
        Assert.True(_cluster.RunUntil(() => Stable("t") >= 2, s_patience));
        Assert.Equal(ErrorCode.None, Produce(LeaderOf("t"), 0));
        Assert.Equal(ErrorCode.None, End(LeaderOf("__transaction_state")).ErrorCode);
        Assert.True(_cluster.RunUntil(() => State() == "CompleteCommit" && Stable("t") >= 4, s_patience));
    }

    [Fact]
    public void The_next_leader_of_a_partition_is_told_how_a_transaction_ended()
    {
        int leader = LeaderOf("t");
        Assert.Equal(ErrorCode.None, Produce(leader, 0));
        _cluster[leader].Kill();
        Assert.True(_cluster.RunUntil(() => LeaderOf("t") is var next && next > 0 && next != leader && LeaderOf("__transaction_state") != leader, s_patience));
        Assert.Equal(0, Stable("t"));
        Assert.True(_cluster.RunUntil(() => End(LeaderOf("__transaction_state")).ErrorCode == ErrorCode.None, s_patience));
        Assert.True(_cluster.RunUntil(() => Stable("t") == 2, s_patience));
        Assert.Equal(ErrorCode.None, Produce(LeaderOf("t"), 0));
    }

    private SimulatedNode Running => _cluster.Nodes.First(node => node.IsRunning);

    private TResponse Ask<TRequest, TResponse>(int node, TRequest request, short highest = short.MaxValue)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : IApiResponse, IMessage<TResponse> => _client.Ask<TRequest, TResponse>(node, request, highest);

    private int LeaderOf(string topic) => Running.Broker!.Cluster.Image.Topics.Find(topic)?.Partitions[0].Leader ?? -1;

    private InitProducerIdResponse Begin()
    {
        InitProducerIdResponse begun = Ask<InitProducerIdRequest, InitProducerIdResponse>(
            LeaderOf("__transaction_state"), new() { TransactionalId = "x", TransactionTimeoutMs = 60_000, ProducerId = -1, ProducerEpoch = -1 });
        (_producer, _epoch) = (begun.ProducerId, begun.ProducerEpoch);
        return begun;
    }

    private ErrorCode Produce(int node, int sequence)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = new ProducerId(_producer),
            ProducerEpoch = _epoch,
            BaseSequence = sequence,
            IsTransactional = true,
        });
        builder.Append(1_767_225_600_000, default, "a"u8);
        byte[] batch = builder.Build().ToArray();
        ErrorCode error = ErrorCode.None;
        Assert.True(_cluster.RunUntil(
            () => (error = Ask<ProduceRequest, ProduceResponse>(
                node,
                new()
                {
                    TransactionalId = "x",
                    Acks = -1,
                    TimeoutMs = 30_000,
                    TopicData = [new() { Name = "t", PartitionData = [new() { Index = 0, Records = batch.ToArray() }] }],
                },
                highest: 12).Responses[0].PartitionResponses[0].ErrorCode) is not (ErrorCode.NotEnoughReplicas or ErrorCode.ConcurrentTransactions),
            s_patience));
        return error;
    }

    private EndTxnResponse End(int node)
    {
        EndTxnResponse ended = Ask<EndTxnRequest, EndTxnResponse>(node, new() { TransactionalId = "x", ProducerId = _producer, ProducerEpoch = _epoch, Committed = true });
        _epoch = ended.ErrorCode == ErrorCode.None ? ended.ProducerEpoch : _epoch;
        return ended;
    }

    private string State() => LeaderOf("__transaction_state") is var coordinator && coordinator > 0 && _cluster[coordinator].IsRunning
        ? Ask<DescribeTransactionsRequest, DescribeTransactionsResponse>(coordinator, new() { TransactionalIds = ["x"] }).TransactionStates[0].TransactionState
        : "";

    private long Stable(string topic) => LeaderOf(topic) is var leader && leader > 0 && _cluster[leader].IsRunning
        ? Ask<FetchRequest, FetchResponse>(
            leader,
            new()
            {
                MaxWaitMs = 0,
                IsolationLevel = 1,
                Topics = [new() { Topic = topic, Partitions = [new() { Partition = 0, FetchOffset = 0, PartitionMaxBytes = 1 << 20 }] }],
            },
            highest: 12).Responses[0].Partitions[0].LastStableOffset
        : -1;
}
