using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Tests.Replication;
using Tidemark.Broker.Transactions;
using Tidemark.Coordination;
using Tidemark.Coordination.Transactions;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Broker.Tests.Transactions;

public class MarkerQueueTests
{
    private readonly ReplicaSet _replicas = new(1);
    private readonly List<string> _told = [];

    [Fact]
    public void A_request_that_fails_in_an_unforeseen_way_is_told_of_and_the_queue_goes_on()
    {
        int requests = 0;
        var queue = new MarkerQueue(
            request => ++requests == 1 ? throw new InvalidOperationException("unforeseen") : new(MarkerWriter.Respond(request, () => ErrorCode.None)),
            (_, partition, error) => _told.Add($"{partition} {error}"),
            e => _told.Add(e.Message));

        queue.Add(End(7), [new TopicPartition("t", 0)]);
        queue.Add(End(8), [new TopicPartition("t", 1)]);

        Assert.Equal(["unforeseen", "t-0 NetworkException", "t-1 None"], _told);
    }

    [Fact]
    public void What_comes_while_a_request_is_under_way_goes_together_in_the_next_each_producer_once()
    {
        var sent = new List<WriteTxnMarkersRequest>();
        var answers = new List<TaskCompletionSource<WriteTxnMarkersResponse>>();
        var queue = new MarkerQueue(
            request =>
            {
                sent.Add(request);
                answers.Add(new());
                return new(answers[^1].Task);
            },
            (_, partition, error) => _told.Add($"{partition} {error}"),
            e => _told.Add(e.Message));

        queue.Add(End(7), [new TopicPartition("t", 0)]);
        queue.Add(End(8), [new TopicPartition("t", 1)]);
        queue.Add(End(9), [new TopicPartition("t", 2)]);
        queue.Add(End(9), [new TopicPartition("t", 3)]);
        for (int i = 0; i < 3; i++)
        {
            answers[i].SetResult(MarkerWriter.Respond(sent[i], () => ErrorCode.None));
        }

        Assert.Equal(["7", "8 9", "9"], sent.Select(r => string.Join(' ', r.Markers.Select(m => m.ProducerId))));
        Assert.Equal(["t-0 None", "t-1 None", "t-2 None", "t-3 None"], _told);
    }

    [Fact]
    public void A_marker_that_somebody_else_sends_meanwhile_is_not_sent()
    {
        // A coordinator that reads its partition again tells all that is prepared there anew. A marker of the first telling that came after the second one is done
        // would end the next transaction, which with clients before version 2 has the same epoch.
        var sent = new List<WriteTxnMarkersRequest>();
        var answer = new TaskCompletionSource<WriteTxnMarkersResponse>();
        var queue = new MarkerQueue(
            request =>
            {
                sent.Add(request);
                return sent.Count == 1 ? new(answer.Task) : new(MarkerWriter.Respond(request, () => ErrorCode.None));
            },
            (_, partition, error) => _told.Add($"{partition} {error}"),
            e => _told.Add(e.Message));
        EndInProgress first = End(7), second = End(8);

        queue.Add(first, [new TopicPartition("t", 0)]);
        queue.Add(second, [new TopicPartition("t", 0)]);
        first.GiveUp();
        second.GiveUp();
        answer.SetResult(MarkerWriter.Respond(sent[0], () => ErrorCode.None));

        Assert.Single(sent);
        Assert.Equal(["t-0 None"], _told);
        Assert.False(first.Told(new TopicPartition("t", 0)));
        queue.Add(End(9), [new TopicPartition("t", 1)]);
        Assert.Equal(2, sent.Count);
    }

    private EndInProgress End(long producer)
    {
        var view = new CoordinatorView(new ClusterTopics(MetadataImage.Empty), new GroupSettings(), new TransactionSettings(), _ => null);
        var services = new ShardServices<TransactionShard>(
            CoordinatorLog.Transactions,
            v => new TransactionShard(v),
            _replicas.World.Environment,
            new DelayQueue(_replicas.World.Time),
            () => CompressionCodec.None,
            TimeSpan.FromSeconds(5),
            NullLogger.Instance);
        return new EndInProgress(
            new ShardDriver<TransactionShard>(_replicas[1], new LeaderEpoch(0), view, services),
            new SendMarkers($"tx-{producer}", new TransactionalWriter(new ProducerId(producer), 0), true, [new TopicPartition("t", 0)], 2));
    }
}
