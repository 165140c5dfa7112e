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
/// API key 22, InitProducerId: an id and epoch for an idempotent producer, or for a transactional one, whose predecessors it fences (KIP-98).
/// v3 the producer's current id and epoch (KIP-360), which mean nothing without a transactional id · v4 PRODUCER_FENCED · v5 for
/// transactions v2 · v6 is not stable yet and not served.
/// </summary>
public sealed class InitProducerIdHandler(TransactionService transactions)
    : MessageHandler<InitProducerIdRequest, InitProducerIdResponse>(ApiKey.InitProducerId, 0, 5)
{
    private const short FencedIsKnownFrom = 4;

    protected override InitProducerIdResponse Refusal(InitProducerIdRequest request, ErrorCode error, short version) => Failed(error);

    protected override async ValueTask<InitProducerIdResponse> Answer(InitProducerIdRequest request, Request context)
    {
        if (request.TransactionalId is "" || (request.ProducerId < 0) != (request.ProducerEpoch < 0))
        {
            return Failed(ErrorCode.InvalidRequest);
        }

        if (request.TransactionalId is not { } id)
        {
            (ErrorCode error, ProducerId fresh) = await transactions.TakeProducerId();
            return error == ErrorCode.None ? new() { ProducerId = fresh.Value, ProducerEpoch = 0 } : Failed(error);
        }

        TransactionalWriter? expected = request.ProducerId < 0 ? null : new(new ProducerId(request.ProducerId), request.ProducerEpoch);
        TransactionOutcome outcome = await transactions.InitProducer(id, request.TransactionTimeoutMs, expected);
        return new()
        {
            ErrorCode = context.ApiVersion < FencedIsKnownFrom && outcome.Error == ErrorCode.ProducerFenced ? ErrorCode.InvalidProducerEpoch : outcome.Error,
            ProducerId = outcome.ProducerId,
            ProducerEpoch = outcome.Epoch,
        };
    }

    private static InitProducerIdResponse Failed(ErrorCode error) => new() { ErrorCode = error, ProducerId = -1, ProducerEpoch = -1 };
}
