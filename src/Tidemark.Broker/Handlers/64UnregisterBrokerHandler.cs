using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 64, UnregisterBroker: forgets a broker that will not come back.
/// </summary>
public sealed class UnregisterBrokerHandler(MetadataDriver controller)
    : ControllerHandler<UnregisterBrokerRequest, UnregisterBrokerResponse>(controller, ApiKey.UnregisterBroker, 0, 0)
{
    protected override UnregisterBrokerResponse Refusal(UnregisterBrokerRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override Decision<UnregisterBrokerResponse> Decide(ControllerContext state, UnregisterBrokerRequest request, short version) =>
        UnregisterBroker.Decide(state, request);
}
