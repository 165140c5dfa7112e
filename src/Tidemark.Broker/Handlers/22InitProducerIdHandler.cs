using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 22, InitProducerId: a new id for an idempotent producer (KIP-98).
/// v3 the producer's current id and epoch (KIP-360), which mean nothing without a transactional id · v4 PRODUCER_FENCED · v5 for
/// transactions v2 · v6 is not stable yet and not served.
/// There are no transactions here: a transactional id is answered COORDINATOR_NOT_AVAILABLE.
/// </summary>
public sealed class InitProducerIdHandler(ProducerIdBlocks ids)
    : MessageHandler<InitProducerIdRequest, InitProducerIdResponse>(ApiKey.InitProducerId, 0, 5)
{
    protected override InitProducerIdResponse Refusal(InitProducerIdRequest request, ErrorCode error, short version) => Failed(error);

    protected override ValueTask<InitProducerIdResponse> Answer(InitProducerIdRequest request, Request context)
    {
        bool halfGiven = (request.ProducerId < 0) != (request.ProducerEpoch < 0);
        if (request.TransactionalId is "" || halfGiven)
        {
            return new(Failed(ErrorCode.InvalidRequest));
        }

        if (request.TransactionalId is not null)
        {
            return new(Failed(ErrorCode.CoordinatorNotAvailable));
        }

        return ids.TryTake(out ProducerId id) ? new(Given(id)) : TakeLater();
    }

    private static InitProducerIdResponse Given(ProducerId id) => new() { ProducerId = id.Value, ProducerEpoch = 0 };

    private static InitProducerIdResponse Failed(ErrorCode error) => new() { ErrorCode = error, ProducerId = -1, ProducerEpoch = -1 };

    private async ValueTask<InitProducerIdResponse> TakeLater()
    {
        (ErrorCode error, ProducerId id) = await ids.Take();
        return error == ErrorCode.None ? Given(id) : Failed(error);
    }
}
