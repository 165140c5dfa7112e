using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Transactions;
using Tidemark.Coordination;
using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 25, AddOffsetsToTxn: the partition in which a group's offsets are kept joins a transaction (KIP-98). v2 PRODUCER_FENCED · v4
/// TRANSACTION_ABORTABLE. Clients of transactions v2 leave it to TxnOffsetCommit.
/// </summary>
public sealed class AddOffsetsToTxnHandler(TransactionService transactions, ClusterState cluster)
    : MessageHandler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(ApiKey.AddOffsetsToTxn, 0, 4)
{
    private const short FencedIsKnownFrom = 2;

    protected override AddOffsetsToTxnResponse Refusal(AddOffsetsToTxnRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override async ValueTask<AddOffsetsToTxnResponse> Answer(AddOffsetsToTxnRequest request, Request context)
    {
        // Where the topic is still to be made it will have as many partitions as the configuration says.
        int partitions = cluster.Image.Topics.Find(InternalTopics.ConsumerOffsets)?.Partitions.Length ?? cluster.Config.GetInt("offsets.topic.num.partitions");
        TransactionOutcome outcome = await transactions.Add(
            request.TransactionalId,
            new TransactionalWriter(new ProducerId(request.ProducerId), request.ProducerEpoch),
            [new TopicPartition(InternalTopics.ConsumerOffsets, KeyPartition.Of(request.GroupId, partitions))],
            clientVersion: 0);
        return new() { ErrorCode = context.ApiVersion < FencedIsKnownFrom && outcome.Error == ErrorCode.ProducerFenced ? ErrorCode.InvalidProducerEpoch : outcome.Error };
    }
}
