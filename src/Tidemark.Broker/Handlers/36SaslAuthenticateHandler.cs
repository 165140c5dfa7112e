using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 36, SaslAuthenticate: a step of authentication (KIP-152). v1 the session's life time (KIP-368). Refused without a handshake,
/// and no listener here has one.
/// </summary>
public sealed class SaslAuthenticateHandler()
    : MessageHandler<SaslAuthenticateRequest, SaslAuthenticateResponse>(ApiKey.SaslAuthenticate, 0, 2), IRequestHandler
{
    bool IRequestHandler.IsAdvertised => false;

    protected override SaslAuthenticateResponse Refusal(SaslAuthenticateRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override ValueTask<SaslAuthenticateResponse> Answer(SaslAuthenticateRequest request, Request context) =>
        new(new SaslAuthenticateResponse
        {
            ErrorCode = ErrorCode.IllegalSaslState,
            ErrorMessage = $"The listener {context.Connection.Info.ListenerName} has no SASL: a connection is authenticated as it is.",
        });
}
