using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 57, UpdateFeatures: raises and lowers levels of features (KIP-584). kraft.version is raised by the quorum, which then keeps its voters in the
/// log (KIP-853, KIP-1180).
/// v1 trial runs and kinds of upgrade (KIP-778) · v2 one result for all (KIP-1022).
/// </summary>
public sealed class UpdateFeaturesHandler(MetadataDriver controller)
    : ControllerHandler<UpdateFeaturesRequest, UpdateFeaturesResponse>(controller, ApiKey.UpdateFeatures, 0, 2)
{
    protected override async ValueTask<UpdateFeaturesResponse> Answer(UpdateFeaturesRequest request, Request context)
    {
        if (request.FeatureUpdates.Find(update => update.Feature == FeatureTable.Kraft) is not { } kraft)
        {
            return await base.Answer(request, context);
        }

        // All or nothing: the quorum's version, which cannot be lowered again, comes after it is sure that nothing else stands in the way.
        short version = context.ApiVersion;
        var trial = new UpdateFeaturesRequest { FeatureUpdates = request.FeatureUpdates, TimeoutMs = request.TimeoutMs, ValidateOnly = true };
        UpdateFeaturesResponse found = await Controller.Submit(state => Decide(state, trial, version), error => Refusal(trial, context.Noting(error), version), TimeoutMs(trial));
        if (found.ErrorCode != ErrorCode.None)
        {
            return found;
        }

        (ErrorCode error, string? message) = await Controller.ChangeVoters((member, change, now) => member.OnUpgradeAsked(change, kraft.MaxVersionLevel, request.ValidateOnly, now));
        return error == ErrorCode.None
            ? await base.Answer(request, context)
            : new() { ErrorCode = context.Noting(error == ErrorCode.NotLeaderOrFollower ? ErrorCode.NotController : error), ErrorMessage = message };
    }

    protected override UpdateFeaturesResponse Refusal(UpdateFeaturesRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override Decision<UpdateFeaturesResponse> Decide(ControllerContext state, UpdateFeaturesRequest request, short version) =>
        UpdateFeatures.Decide(state, request, version);
}
