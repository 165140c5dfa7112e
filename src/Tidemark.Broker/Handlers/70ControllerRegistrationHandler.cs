using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 70, ControllerRegistration: a starting controller tells where it listens and what it supports (KIP-919).
/// </summary>
public sealed class ControllerRegistrationHandler(MetadataDriver controller)
    : ControllerHandler<ControllerRegistrationRequest, ControllerRegistrationResponse>(controller, ApiKey.ControllerRegistration, 0, 0)
{
    protected override Decision<ControllerRegistrationResponse> Decide(ControllerContext state, ControllerRegistrationRequest request, short version) =>
        RegisterController.Decide(state, request);

    protected override ControllerRegistrationResponse Refusal(ControllerRegistrationRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };
}
