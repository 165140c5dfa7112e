using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 67, AllocateProducerIds: a block of producer ids for a broker (KIP-730).
/// </summary>
public sealed class AllocateProducerIdsHandler(MetadataDriver controller)
    : ControllerHandler<AllocateProducerIdsRequest, AllocateProducerIdsResponse>(controller, ApiKey.AllocateProducerIds, 0, 0)
{
    protected override Decision<AllocateProducerIdsResponse> Decide(ControllerContext state, AllocateProducerIdsRequest request, short version) =>
        AllocateProducerIds.Decide(state, request);

    protected override AllocateProducerIdsResponse Refusal(AllocateProducerIdsRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
