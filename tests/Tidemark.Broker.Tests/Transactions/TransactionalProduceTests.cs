using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Handlers;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Broker.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Broker.Tests.Transactions;

/// <summary>What a produce request does before the first batch of a transaction, with a coordinator whose answers the test gives.</summary>
public sealed class TransactionalProduceTests : ITransactionCoordinators
{
    private readonly BrokerWorld _world = new();
    private readonly BrokerAcceptor _acceptor;
    private readonly List<(TransactionSupport Support, TaskCompletionSource<IReadOnlyDictionary<TopicPartition, ErrorCode>> Answer)> _asked = [];
    private readonly TestClient _client;
    private IReadOnlyDictionary<TopicPartition, ErrorCode>? _answerAtOnce;

    public TransactionalProduceTests()
    {
        _world.Quorum.CreateTopic("t", partitions: 2);
        BrokerEnvironment environment = _world.World.Environment;
        var delays = new DelayQueue(environment.Time);
        var verifier = new TransactionVerifier(_world.Node.Cluster, this, delays, environment.Time);
        _acceptor = new BrokerAcceptor(
            new DispatchTable(
            [
                new ProduceHandler(_world.Node.Partitions, _world.Node.Cluster, delays, environment.Time, verifier),
                new WriteTxnMarkersHandler(new MarkerWriter(_world.Node.Partitions, _world.Node.Cluster, delays, environment.Time, null)),
            ]),
            new DispatchTable([]),
            [],
            environment.Logs,
            environment.Time);
        _client = new TestClient(_world.World.Connect(_acceptor));
    }

    [Theory]
    [InlineData(9, TransactionSupport.OldErrors)]
    [InlineData(11, TransactionSupport.AbortableErrors)]
    [InlineData(12, TransactionSupport.AddsPartitions)]
    public void The_coordinator_is_asked_before_the_first_batch_and_not_again(short version, TransactionSupport expected)
    {
        _answerAtOnce = Fine;
        Assert.Equal(ErrorCode.None, Produce(0, version));
        Assert.Equal(ErrorCode.None, Produce(1, version));
        Assert.Equal(expected, Assert.Single(_asked).Support);
    }

    /// <summary>The coordinator refuses an empty id, and nobody asks it where the transaction is open, as in Kafka.</summary>
    [Fact]
    public void An_empty_transactional_id_is_for_the_coordinator_to_refuse()
    {
        _answerAtOnce = Failed(ErrorCode.InvalidRequest);
        ProduceRequest first = Request(0), second = Request(1);
        first.TransactionalId = second.TransactionalId = "";
        Assert.Equal(ErrorCode.InvalidRequest, Receive(_client.Send(first, 12), 12).ErrorCode);

        _answerAtOnce = Fine;
        Assert.Equal(ErrorCode.None, Produce(0, 12));
        Assert.Equal(ErrorCode.None, Receive(_client.Send(second, 12), 12).ErrorCode);
    }

    [Fact]
    public void Later_requests_of_the_connection_wait_for_the_verification_and_not_for_the_commit()
    {
        int first = Send(0, 12), second = Send(1, 12);
        Assert.False(_world.World.RunUntil(() => _asked.Count > 1, TimeSpan.FromSeconds(1)));
        _asked[0].Answer.SetResult(Fine);

        Assert.Equal(0, Receive(first, 12).BaseOffset);
        Assert.Equal(1, Receive(second, 12).BaseOffset);
        Assert.Single(_asked);
    }

    [Fact]
    public void A_marker_that_comes_before_the_coordinators_answer_counts_more()
    {
        int produce = Send(0, 12);
        Assert.True(_world.World.RunUntil(() => _asked.Count == 1, TimeSpan.FromSeconds(1)));
        Assert.Equal(ErrorCode.None, End(new TestClient(_world.World.Connect(_acceptor)), epoch: 0));
        _asked[0].Answer.SetResult(Fine);

        Assert.Equal(ErrorCode.InvalidTxnState, Receive(produce, 12).ErrorCode);
    }

    [Fact]
    public void A_marker_that_ends_the_transaction_before_does_not_stop_the_next_one_that_waits_for_the_coordinator()
    {
        _answerAtOnce = Fine;
        Assert.Equal(ErrorCode.None, Produce(0, 12));
        _answerAtOnce = null;
        int next = Send(0, 12, epoch: 1);
        Assert.True(_world.World.RunUntil(() => _asked.Count == 2, TimeSpan.FromSeconds(1)));
        Assert.Equal(ErrorCode.None, End(new TestClient(_world.World.Connect(_acceptor)), epoch: 1, version: 2));
        _asked[1].Answer.SetResult(Fine);

        Assert.Equal(ErrorCode.None, Receive(next, 12).ErrorCode);
    }

    [Theory]
    [InlineData(9, ErrorCode.ConcurrentTransactions, ErrorCode.NotEnoughReplicas)]
    [InlineData(9, ErrorCode.NotCoordinator, ErrorCode.NotEnoughReplicas)]
    [InlineData(12, ErrorCode.CoordinatorLoadInProgress, ErrorCode.NotEnoughReplicas)]
    [InlineData(12, ErrorCode.NetworkException, ErrorCode.NotEnoughReplicas)]
    [InlineData(12, ErrorCode.InvalidProducerIdMapping, ErrorCode.InvalidProducerIdMapping)]
    [InlineData(9, ErrorCode.InvalidTxnState, ErrorCode.InvalidTxnState)]
    [InlineData(11, ErrorCode.TransactionAbortable, ErrorCode.TransactionAbortable)]
    public void A_coordinators_error_becomes_one_that_producers_know(short version, ErrorCode told, ErrorCode expected)
    {
        _answerAtOnce = Failed(told);
        Assert.Equal(expected, Produce(0, version));
        Assert.Equal(Offset.Zero, _world.Node.Partitions.Find(new TopicPartition("t", 0))!.Log!.LogEndOffset);
    }

    [Fact]
    public void While_the_transaction_before_ends_the_coordinator_is_asked_again_for_a_while()
    {
        int produce = Send(0, 12);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(_world.World.RunUntil(() => _asked.Count == i + 1, TimeSpan.FromSeconds(1)));
            _asked[i].Answer.SetResult(i < 2 ? Failed(ErrorCode.ConcurrentTransactions) : Fine);
        }

        Assert.Equal(ErrorCode.None, Receive(produce, 12).ErrorCode);
    }

    [Fact]
    public void In_the_end_the_client_hears_that_the_transaction_before_still_ends()
    {
        _answerAtOnce = Failed(ErrorCode.ConcurrentTransactions);
        Assert.Equal(ErrorCode.ConcurrentTransactions, Produce(0, 12));
        Assert.InRange(_asked.Count, 3, 8);
    }

    [Fact]
    public void A_request_has_transactional_batches_of_one_producer_only()
    {
        ProduceRequest request = Request(0);
        request.TopicData[0].PartitionData.Add(new() { Index = 1, Records = Batch(8, 0) });
        ProduceResponse response = _client.Ask<ProduceResponse>(request, 12);
        Assert.All(response.Responses[0].PartitionResponses, p => Assert.Equal(ErrorCode.InvalidProducerIdMapping, p.ErrorCode));
    }

    [Fact]
    public void Markers_are_checked_and_answered_each_for_itself()
    {
        _answerAtOnce = Fine;
        Assert.Equal(ErrorCode.None, Produce(0, 12, epoch: 3));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, End(_client, epoch: 3, partition: 9));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, End(_client, epoch: 2));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, End(_client, epoch: 3, version: 2));
        Assert.Equal(ErrorCode.None, End(_client, epoch: 4, version: 2, coordinatorEpoch: 6));
        Assert.Equal(ErrorCode.TransactionCoordinatorFenced, End(_client, epoch: 4, coordinatorEpoch: 5));
        Assert.Equal(ErrorCode.None, End(_client, epoch: 4, coordinatorEpoch: 6));
    }

    [Fact]
    public void Without_group_coordinators_nobody_leads_the_offsets_markers()
    {
        _world.Quorum.CreateTopic("__consumer_offsets");
        Assert.Equal(ErrorCode.NotLeaderOrFollower, End(_client, epoch: 0, topic: "__consumer_offsets"));
    }

    Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> ITransactionCoordinators.Add(
        string transactionalId, ProducerId producer, short epoch, TransactionSupport support, IReadOnlyList<TopicPartition> partitions)
    {
        var answer = new TaskCompletionSource<IReadOnlyDictionary<TopicPartition, ErrorCode>>();
        _asked.Add((support, answer));
        if (_answerAtOnce is not null)
        {
            answer.SetResult(_answerAtOnce);
        }

        return answer.Task;
    }

    private static Dictionary<TopicPartition, ErrorCode> Fine => [];

    private static Dictionary<TopicPartition, ErrorCode> Failed(ErrorCode error) => new() { [new TopicPartition("t", 0)] = error };

    private static ProduceRequest Request(int sequence, short epoch = 0)
    {
        ProduceRequest request = TestClient.ProduceOf("t", Batch(7, sequence, epoch));
        request.TransactionalId = "x";
        return request;
    }

    private static byte[] Batch(long producer, int sequence, short epoch = 0)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = new ProducerId(producer),
            ProducerEpoch = epoch,
            BaseSequence = sequence,
            IsTransactional = true,
        });
        builder.Append(1_767_225_600_000, default, new byte[3]);
        return builder.Build().ToArray();
    }

    private int Send(int sequence, short version, short epoch = 0) => _client.Send(Request(sequence, epoch), version);

    private ProduceResponse.PartitionProduceResponse Receive(int correlation, short version) =>
        _client.Receive<ProduceResponse>(ApiKey.Produce, version, correlation).Responses[0].PartitionResponses[0];

    private ErrorCode Produce(int sequence, short version, short epoch = 0) => Receive(Send(sequence, version, epoch), version).ErrorCode;

    private static ErrorCode End(TestClient client, short epoch, sbyte version = 0, int coordinatorEpoch = 0, int partition = 0, string topic = "t") =>
        client.Ask<WriteTxnMarkersResponse>(
            new WriteTxnMarkersRequest
            {
                Markers =
                [
                    new()
                    {
                        ProducerId = 7,
                        ProducerEpoch = epoch,
                        CoordinatorEpoch = coordinatorEpoch,
                        TransactionResult = true,
                        TransactionVersion = version,
                        Topics = [new() { Name = topic, PartitionIndexes = [partition] }],
                    },
                ],
            },
            2).Markers[0].Topics[0].Partitions[0].ErrorCode;
}
