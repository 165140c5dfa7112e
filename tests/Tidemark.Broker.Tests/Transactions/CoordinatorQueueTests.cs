using Tidemark.Broker.Links;
using Tidemark.Broker.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Transactions;

public sealed class CoordinatorQueueTests
{
    private readonly List<(AddPartitionsToTxnRequest Request, TaskCompletionSource<AddPartitionsToTxnResponse> Answer)> _asked = [];
    private readonly CoordinatorQueue _queue;

    public CoordinatorQueueTests() => _queue = new CoordinatorQueue(request =>
    {
        var answer = new TaskCompletionSource<AddPartitionsToTxnResponse>();
        _asked.Add((request, answer));
        return new(answer.Task);
    });

    [Fact]
    public void One_request_is_under_way_and_what_comes_meanwhile_goes_together()
    {
        CoordinatorAsk first = Add("a", 0, 0);
        CoordinatorAsk second = Add("b", 0, 1);
        CoordinatorAsk third = Add("b", 0, 2);
        Assert.Single(_asked);

        _asked[0].Answer.SetResult(Answered(_asked[0].Request));
        Assert.Empty(Result(first));
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction joined = Assert.Single(_asked[1].Request.Transactions);
        Assert.Equal([1, 2], joined.Topics[0].Partitions);

        _asked[1].Answer.SetResult(Answered(_asked[1].Request));
        Assert.Empty(Result(second));
        Assert.Empty(Result(third));
        Add("c", 0, 0);
        Assert.Equal(3, _asked.Count);
    }

    [Theory]
    [InlineData(1, ErrorCode.InvalidProducerEpoch, null)]
    [InlineData(-1, null, ErrorCode.InvalidProducerEpoch)]
    public void Of_two_epochs_the_older_one_is_fenced(int later, ErrorCode? waiting, ErrorCode? incoming)
    {
        Add("other", 0, 0);
        CoordinatorAsk old = Add("a", 5, 0);
        CoordinatorAsk young = Add("a", (short)(5 + later), 0);

        Assert.Equal(waiting, Failed(old));
        Assert.Equal(incoming, Failed(young));
    }

    [Theory]
    [InlineData(0, 32_766)]
    [InlineData(32_766, 0)]
    public void Of_two_producer_ids_neither_is_fenced_by_its_epoch(short waiting, short incoming)
    {
        // After the last epoch of an id comes epoch 0 of another one.
        Add("other", 0, 0);
        CoordinatorAsk first = Add("a", waiting, 0, producer: 7);
        CoordinatorAsk second = Add("a", incoming, 0, producer: 8);

        Assert.Equal(ErrorCode.NetworkException, Failed(first));
        Assert.Null(Failed(second));
    }

    [Theory]
    [InlineData(ErrorCode.ProducerFenced, TransactionSupport.OldErrors, ErrorCode.InvalidProducerEpoch)]
    [InlineData(ErrorCode.TransactionAbortable, TransactionSupport.OldErrors, ErrorCode.InvalidTxnState)]
    [InlineData(ErrorCode.TransactionAbortable, TransactionSupport.AbortableErrors, ErrorCode.TransactionAbortable)]
    [InlineData(ErrorCode.NotCoordinator, TransactionSupport.AddsPartitions, ErrorCode.NotCoordinator)]
    public void Errors_come_in_words_that_the_client_knows(ErrorCode told, TransactionSupport support, ErrorCode expected)
    {
        CoordinatorAsk asked = Add("a", 0, 0, support);
        Assert.Equal(support != TransactionSupport.AddsPartitions, _asked[0].Request.Transactions[0].VerifyOnly);
        _asked[0].Answer.SetResult(Answered(_asked[0].Request, told));
        Assert.Equal(expected, Failed(asked));
    }

    [Theory]
    [InlineData(ErrorCode.NotCoordinator, ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.ClusterAuthorizationFailed, ErrorCode.InvalidTxnState)]
    public void An_error_of_the_whole_answer_is_that_of_every_write(ErrorCode told, ErrorCode expected)
    {
        CoordinatorAsk asked = Add("a", 0, 0);
        _asked[0].Answer.SetResult(new() { ErrorCode = told });
        Assert.Equal(expected, Failed(asked));
    }

    [Fact]
    public void A_coordinator_that_cannot_be_reached_fails_the_write_and_not_the_queue()
    {
        CoordinatorAsk asked = Add("a", 0, 0);
        _asked[0].Answer.SetException(new LinkException(LinkFailure.Ended, LinkEnd.Refused, false, "gone"));
        Assert.Equal(ErrorCode.NetworkException, Failed(asked));
        Add("a", 0, 0);
        Assert.Equal(2, _asked.Count);
    }

    private CoordinatorAsk Add(string id, short epoch, int partition, TransactionSupport support = TransactionSupport.OldErrors, long producer = 7)
    {
        var asked = new CoordinatorAsk(id, new ProducerId(producer), epoch, support, [new TopicPartition("t", partition)]);
        _queue.Add(asked);
        return asked;
    }

    private static IReadOnlyDictionary<TopicPartition, ErrorCode> Result(CoordinatorAsk asked)
    {
        Assert.True(asked.Answer.IsCompleted);
        return asked.Answer.GetAwaiter().GetResult();
    }

    private static ErrorCode? Failed(CoordinatorAsk asked) => asked.Answer.IsCompleted ? Result(asked).Values.Cast<ErrorCode?>().SingleOrDefault() : null;

    internal static AddPartitionsToTxnResponse Answered(AddPartitionsToTxnRequest request, ErrorCode error = ErrorCode.None) => new()
    {
        ResultsByTransaction =
        [
            .. request.Transactions.Select(t => new AddPartitionsToTxnResponse.AddPartitionsToTxnResult
            {
                TransactionalId = t.TransactionalId,
                TopicResults =
                [
                    .. t.Topics.Select(topic => new AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult
                    {
                        Name = topic.Name,
                        ResultsByPartition = [.. topic.Partitions.Select(p => new AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult { PartitionIndex = p, PartitionErrorCode = error })],
                    }),
                ],
            }),
        ],
    };
}
