using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Broker.Tests.Transactions;

/// <summary>Transactions of clients of a whole broker, through its coordinator, its partitions, and its restarts.</summary>
public sealed class TransactionCoordinatorTests
{
    private readonly BrokerWorld _world = new();
    private readonly Uuid _topic;
    private TestClient _client;

    public TransactionCoordinatorTests()
    {
        _topic = _world.Quorum.CreateTopic("t", partitions: 2);
        _world.Quorum.CreateTopic("__transaction_state", partitions: 3, ("cleanup.policy", "compact"));
        _client = _world.Connect();
        InitOf("first");
    }

    [Fact]
    public void Clients_of_version_two_commit_and_abort_with_an_epoch_for_each_transaction()
    {
        (long producer, short epoch) = InitOf("x");
        for (int i = 0; i < 4; i++)
        {
            bool commit = i % 2 == 0;
            Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 0, version: 12));
            Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 1, version: 12));
            EndTxnResponse ended = End("x", producer, epoch, commit, 5);
            Assert.Equal((ErrorCode.None, producer, (short)(epoch + 1)), (ended.ErrorCode, ended.ProducerId, ended.ProducerEpoch));
            epoch = ended.ProducerEpoch;
        }

        AwaitStable(12);
        FetchResponse.PartitionData read = Read(0);
        Assert.Equal([3L, 9L], read.AbortedTransactions!.Select(a => a.FirstOffset));
        Assert.Equal(["CompleteAbort", "Empty"], [State("x"), State("first")]);
    }

    [Fact]
    public void Clients_before_version_two_add_partitions_first()
    {
        (long producer, short epoch) = InitOf("x");
        Assert.Equal(ErrorCode.InvalidTxnState, Produce("x", producer, epoch, 0, version: 9));
        Assert.Equal(ErrorCode.TransactionAbortable, Produce("x", producer, epoch, 0, version: 11));
        Assert.Equal(ErrorCode.None, Add("x", producer, epoch, 3));
        Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 0, version: 9));
        Assert.Equal(0, Read(0).LastStableOffset);
        Assert.Equal(ErrorCode.None, End("x", producer, epoch, true, 3).ErrorCode);
        AwaitStable(2);
    }

    [Fact]
    public void A_second_instance_fences_the_first_and_what_that_had_open_is_aborted()
    {
        (long producer, short epoch) = InitOf("x");
        Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 0, version: 12));
        Assert.Equal(ErrorCode.ConcurrentTransactions, Init("x").ErrorCode);
        AwaitStable(2);
        (long again, short next) = InitOf("x");
        Assert.Equal((producer, (short)(epoch + 2)), (again, next));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Produce("x", producer, epoch, 1, version: 12));
        Assert.Equal(ErrorCode.ProducerFenced, End("x", producer, epoch, true, 5).ErrorCode);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, End("x", producer, epoch, true, 1).ErrorCode);
        Assert.Equal(0L, Assert.Single(Read(0).AbortedTransactions!).FirstOffset);
    }

    [Fact]
    public void A_transaction_that_stays_open_is_aborted_when_its_time_is_up()
    {
        InitProducerIdResponse begun = Init("x", timeoutMs: 5_000);
        Assert.Equal(ErrorCode.None, Produce("x", begun.ProducerId, begun.ProducerEpoch, 0, version: 12));
        AwaitStable(2);
        Assert.Equal("CompleteAbort", State("x"));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Produce("x", begun.ProducerId, begun.ProducerEpoch, 1, version: 12));
    }

    [Fact]
    public void A_transaction_whose_partition_heard_of_a_newer_coordinator_ends_when_the_partition_is_gone()
    {
        (long producer, short epoch) = InitOf("x");
        Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 0, version: 12));
        var marker = new WriteTxnMarkersRequest.WritableTxnMarker
        {
            ProducerId = producer,
            ProducerEpoch = epoch,
            CoordinatorEpoch = 100,
            Topics = [new() { Name = "t", PartitionIndexes = [0] }],
        };
        WriteTxnMarkersResponse byHand = _client.Ask<WriteTxnMarkersResponse>(new WriteTxnMarkersRequest { Markers = [marker] }, 1);
        Assert.Equal(ErrorCode.None, byHand.Markers[0].Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.None, End("x", producer, epoch, true, 5).ErrorCode);
        _world.World.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("PrepareCommit", State("x"));

        _world.Quorum.Write(new RemoveTopicRecord { TopicId = _topic });
        Assert.True(_world.World.RunUntil(() => State("x") == "CompleteCommit", BrokerWorld.Patience));
    }

    [Fact]
    public void After_a_restart_the_coordinator_knows_what_it_knew()
    {
        (long producer, short epoch) = InitOf("x");
        Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 0, version: 12));
        _world.Stop();
        _world.Boot();
        _client = _world.Connect();
        Assert.True(_world.World.RunUntil(() => State("x") == "Ongoing", BrokerWorld.Patience));
        Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 1, version: 12));
        Assert.Equal(ErrorCode.None, End("x", producer, epoch, true, 5).ErrorCode);
        AwaitStable(3);
    }

    [Fact]
    public void Offsets_join_a_transaction_by_their_groups_partition()
    {
        _world.Quorum.CreateTopic("__consumer_offsets", partitions: 4);
        (long producer, short epoch) = InitOf("x");
        Assert.Equal(ErrorCode.ProducerFenced, AddOffsets(producer, 7, 3));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, AddOffsets(producer, 7, 1));
        Assert.Equal(ErrorCode.None, AddOffsets(producer, epoch, 3));
        DescribeTransactionsResponse.TopicData added = Assert.Single(Describe("x").Topics);
        Assert.Equal("__consumer_offsets", added.Topic);
        Assert.Single(added.Partitions);
    }

    [Fact]
    public void Partitions_that_do_not_exist_keep_all_others_out_and_an_empty_request_is_refused()
    {
        (long producer, short epoch) = InitOf("x");
        var request = new AddPartitionsToTxnRequest
        {
            V3AndBelowTransactionalId = "x",
            V3AndBelowProducerId = producer,
            V3AndBelowProducerEpoch = epoch,
            V3AndBelowTopics = [new() { Name = "t", Partitions = [0, 9] }],
        };
        AddPartitionsToTxnResponse answer = _client.Ask<AddPartitionsToTxnResponse>(request, 3);
        Assert.Equal([ErrorCode.OperationNotAttempted, ErrorCode.UnknownTopicOrPartition], answer.ResultsByTopicV3AndBelow[0].ResultsByPartition.Select(p => p.PartitionErrorCode));
        Assert.Equal("Empty", State("x"));
        Assert.Equal(ErrorCode.InvalidRequest, _client.Ask<AddPartitionsToTxnResponse>(new AddPartitionsToTxnRequest(), 5).ErrorCode);
    }

    [Fact]
    public void Transactions_are_listed_by_state_and_pattern()
    {
        (long producer, short epoch) = InitOf("x");
        Add("x", producer, epoch, 3);
        ListTransactionsResponse List(ListTransactionsRequest request) => _client.Ask<ListTransactionsResponse>(request, 2);
        Assert.Equal(["first", "x"], List(new() { TransactionalIdPattern = "" }).TransactionStates.Select(s => s.TransactionalId).Order());
        Assert.Equal("x", Assert.Single(List(new() { StateFilters = ["Ongoing"] }).TransactionStates).TransactionalId);
        Assert.Equal(["No"], List(new() { StateFilters = ["No"] }).UnknownStateFilters);
        Assert.Equal("first", Assert.Single(List(new() { TransactionalIdPattern = "f.*t" }).TransactionStates).TransactionalId);
        Assert.Empty(List(new() { TransactionalIdPattern = "f|s" }).TransactionStates);
        Assert.Equal(ErrorCode.InvalidRegularExpression, List(new() { TransactionalIdPattern = "(" }).ErrorCode);
    }

    [Fact]
    public void Ids_that_cannot_be_are_refused()
    {
        Assert.Equal(ErrorCode.InvalidRequest, Init("").ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, End("", 1, 0, true, 5).ErrorCode);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, End("none", 1, 0, true, 5).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, Describe("").ErrorCode);
        Assert.Equal(ErrorCode.TransactionalIdNotFound, Describe("none").ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, Add("", 1, 0, 3));
        Assert.Equal(ErrorCode.InvalidTransactionTimeout, Init("x", timeoutMs: 0).ErrorCode);
    }

    [Fact]
    public void Aborted_transactions_that_cannot_be_read_are_an_error_of_the_fetch_and_take_the_directory_offline()
    {
        (long producer, short epoch) = InitOf("x");
        Assert.Equal(ErrorCode.None, Produce("x", producer, epoch, 0, version: 12));
        Assert.Equal(ErrorCode.None, End("x", producer, epoch, false, 5).ErrorCode);
        AwaitStable(2);
        _world.World.Disk.FailUnder($"{_world.Node.Partitions.Find(new("t", 0))!.Log!.Directory}/{0:d20}.txnindex", writes: false);

        // Who reads everything is told of no transactions, and needs no list of them.
        Assert.Equal(ErrorCode.None, _client.Fetch("t", 0).ErrorCode);
        Assert.False(_world.Node.Directories.All[0].IsOffline);
        FetchResponse.PartitionData failed = Read(0);
        Assert.Equal(ErrorCode.KafkaStorageError, failed.ErrorCode);
        Assert.Equal(0, failed.Records?.Length ?? 0);
        Assert.True(_world.World.RunUntil(() => _world.Node.Directories.All[0].IsOffline, BrokerWorld.Patience));
    }

    private (long Producer, short Epoch) InitOf(string id)
    {
        InitProducerIdResponse begun = null!;
        Assert.True(_world.World.RunUntil(() => (begun = Init(id)).ErrorCode == ErrorCode.None, BrokerWorld.Patience));
        return (begun.ProducerId, begun.ProducerEpoch);
    }

    private InitProducerIdResponse Init(string id, int timeoutMs = 60_000) =>
        _client.Ask<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = timeoutMs, ProducerId = -1, ProducerEpoch = -1 }, 5);

    private EndTxnResponse End(string id, long producer, short epoch, bool commit, short version) =>
        _client.Ask<EndTxnResponse>(new EndTxnRequest { TransactionalId = id, ProducerId = producer, ProducerEpoch = epoch, Committed = commit }, version);

    private ErrorCode Add(string id, long producer, short epoch, short version) => _client.Ask<AddPartitionsToTxnResponse>(
        new AddPartitionsToTxnRequest
        {
            V3AndBelowTransactionalId = id,
            V3AndBelowProducerId = producer,
            V3AndBelowProducerEpoch = epoch,
            V3AndBelowTopics = [new() { Name = "t", Partitions = [0] }],
        },
        version).ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode;

    private ErrorCode AddOffsets(long producer, short epoch, short version) => _client.Ask<AddOffsetsToTxnResponse>(
        new AddOffsetsToTxnRequest { TransactionalId = "x", ProducerId = producer, ProducerEpoch = epoch, GroupId = "my-group" }, version).ErrorCode;

    private ErrorCode Produce(string id, long producer, short epoch, int sequence, short version)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = new ProducerId(producer),
            ProducerEpoch = epoch,
            BaseSequence = sequence,
            IsTransactional = true,
        });
        builder.Append(1_767_225_600_000, default, new byte[3]);
        ProduceRequest request = TestClient.ProduceOf("t", builder.Build().ToArray());
        request.TransactionalId = id;
        return _client.Ask<ProduceResponse>(request, version).Responses[0].PartitionResponses[0].ErrorCode;
    }

    private FetchResponse.PartitionData Read(long from)
    {
        FetchRequest request = TestClient.FetchOf("t", from);
        request.IsolationLevel = 1;
        return _client.Ask<FetchResponse>(request, 12).Responses[0].Partitions[0];
    }

    private void AwaitStable(long offset)
    {
        Assert.True(_world.World.RunUntil(() => Read(0).LastStableOffset >= offset, BrokerWorld.Patience));
        Assert.Equal(offset, Read(0).LastStableOffset);
    }

    private DescribeTransactionsResponse.TransactionStateEntry Describe(string id) =>
        Assert.Single(_client.Ask<DescribeTransactionsResponse>(new DescribeTransactionsRequest { TransactionalIds = [id] }, 0).TransactionStates);

    private string State(string id) => Describe(id).TransactionState;
}
