using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 43, ElectLeaders: gives partitions to their preferred replica, or to any that lives (KIP-460).
/// v1 the kind of election and an error for all.
/// </summary>
public sealed class ElectLeadersHandler(MetadataDriver controller)
    : ControllerHandler<ElectLeadersRequest, ElectLeadersResponse>(controller, ApiKey.ElectLeaders, 0, 2)
{
    protected override Decision<ElectLeadersResponse> Decide(ControllerContext state, ElectLeadersRequest request, short version) =>
        ElectLeaders.Decide(state, request, version);
}
