using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 57, UpdateFeatures: raises and lowers levels of features (KIP-584).
/// v1 trial runs and kinds of upgrade (KIP-778) · v2 one result for all (KIP-1022).
/// </summary>
public sealed class UpdateFeaturesHandler(MetadataDriver controller)
    : ControllerHandler<UpdateFeaturesRequest, UpdateFeaturesResponse>(controller, ApiKey.UpdateFeatures, 0, 2)
{
    protected override UpdateFeaturesResponse Refusal(UpdateFeaturesRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override Decision<UpdateFeaturesResponse> Decide(ControllerContext state, UpdateFeaturesRequest request, short version) =>
        UpdateFeatures.Decide(state, request, version);
}
