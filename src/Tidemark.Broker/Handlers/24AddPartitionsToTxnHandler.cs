using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 24, AddPartitionsToTxn: partitions join a transaction before its first write there (KIP-98).
/// v2 PRODUCER_FENCED · v4 many transactions at once, between brokers, to add or only to verify (KIP-890) · v5 transactions v2.
/// </summary>
public sealed class AddPartitionsToTxnHandler(TransactionService transactions)
    : MessageHandler<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(ApiKey.AddPartitionsToTxn, 0, 5)
{
    private const short FencedIsKnownFrom = 2;
    private const short BatchedFrom = 4;

    protected override AddPartitionsToTxnResponse Refusal(AddPartitionsToTxnRequest request, ErrorCode error, short version) => version >= BatchedFrom
        ? new() { ErrorCode = error }
        : new() { ResultsByTopicV3AndBelow = [.. request.V3AndBelowTopics.Select(t => Failed(t, error))] };

    protected override ValueTask<AddPartitionsToTxnResponse> Answer(AddPartitionsToTxnRequest request, Request context) =>
        context.ApiVersion >= BatchedFrom ? transactions.AddPartitions(request) : AddOne(request, context.ApiVersion);

    private async ValueTask<AddPartitionsToTxnResponse> AddOne(AddPartitionsToTxnRequest request, short version)
    {
        AddPartitionsToTxnResponse.AddPartitionsToTxnResult result = await transactions.AddPartitions(
            new AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction
            {
                TransactionalId = request.V3AndBelowTransactionalId,
                ProducerId = request.V3AndBelowProducerId,
                ProducerEpoch = request.V3AndBelowProducerEpoch,
                Topics = request.V3AndBelowTopics,
            },
            clientVersion: 0);
        if (version < FencedIsKnownFrom)
        {
            foreach (AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult partition in result.TopicResults.SelectMany(t => t.ResultsByPartition))
            {
                partition.PartitionErrorCode = partition.PartitionErrorCode == ErrorCode.ProducerFenced ? ErrorCode.InvalidProducerEpoch : partition.PartitionErrorCode;
            }
        }

        return new() { ResultsByTopicV3AndBelow = result.TopicResults };
    }

    private static AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult Failed(AddPartitionsToTxnRequest.AddPartitionsToTxnTopic topic, ErrorCode error) => new()
    {
        Name = topic.Name,
        ResultsByPartition = [.. topic.Partitions.Select(p => new AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult { PartitionIndex = p, PartitionErrorCode = error })],
    };
}
