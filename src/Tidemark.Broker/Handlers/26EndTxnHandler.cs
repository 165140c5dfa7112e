using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Transactions;
using Tidemark.Coordination;
using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 26, EndTxn: a transaction is committed or aborted (KIP-98). Answered when that is decided for good; its partitions are told afterwards.
/// v2 PRODUCER_FENCED · v4 TRANSACTION_ABORTABLE · v5 the producer goes on in the next epoch, or with a new id (KIP-890).
/// </summary>
public sealed class EndTxnHandler(TransactionService transactions) : MessageHandler<EndTxnRequest, EndTxnResponse>(ApiKey.EndTxn, 0, 5)
{
    private const short FencedIsKnownFrom = 2;
    private const short RaisesEpochFrom = 5;

    protected override EndTxnResponse Refusal(EndTxnRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ProducerId = -1, ProducerEpoch = -1 };

    protected override async ValueTask<EndTxnResponse> Answer(EndTxnRequest request, Request context)
    {
        var producer = new TransactionalWriter(new ProducerId(request.ProducerId), request.ProducerEpoch);
        TransactionOutcome outcome = context.ApiVersion >= RaisesEpochFrom
            ? await transactions.EndAndRaise(request.TransactionalId, producer, request.Committed)
            : await transactions.End(request.TransactionalId, producer, request.Committed);
        return new()
        {
            ErrorCode = context.ApiVersion < FencedIsKnownFrom && outcome.Error == ErrorCode.ProducerFenced ? ErrorCode.InvalidProducerEpoch : outcome.Error,
            ProducerId = outcome.ProducerId,
            ProducerEpoch = outcome.Epoch,
        };
    }
}
