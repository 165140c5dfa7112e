using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 63, BrokerHeartbeat: keeps a broker's session alive and moves it through its life. v1 lost directories (KIP-858) · v2 cordoned ones (KIP-1066).
/// </summary>
public sealed class BrokerHeartbeatHandler(MetadataDriver controller)
    : ControllerHandler<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(controller, ApiKey.BrokerHeartbeat, 0, 2)
{
    protected override Decision<BrokerHeartbeatResponse> Decide(ControllerContext state, BrokerHeartbeatRequest request, short version) =>
        BrokerHeartbeat.Decide(state, request, Controller.Sessions);

    protected override BrokerHeartbeatResponse Refusal(BrokerHeartbeatRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
