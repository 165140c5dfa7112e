using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 62, BrokerRegistration: a starting broker asks to be taken in (KIP-631). v2 log directories · v3 the epoch of its last clean life (KIP-966) · v4 features from level 0 on.
/// </summary>
public sealed class BrokerRegistrationHandler(MetadataDriver controller)
    : ControllerHandler<BrokerRegistrationRequest, BrokerRegistrationResponse>(controller, ApiKey.BrokerRegistration, 0, 4)
{
    protected override Decision<BrokerRegistrationResponse> Decide(ControllerContext state, BrokerRegistrationRequest request, short version) =>
        RegisterBroker.Decide(state, request, Controller.Sessions, isLocal: false);

    protected override BrokerRegistrationResponse Refusal(BrokerRegistrationRequest request, ErrorCode error, short version) => new() { ErrorCode = error, BrokerEpoch = -1 };
}
