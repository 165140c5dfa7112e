using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 17, SaslHandshake: names the mechanism that the connection will authenticate with (KIP-43). On a listener without SASL, as all
/// are here, there is nothing to begin: the answer names no mechanism.
/// </summary>
public sealed class SaslHandshakeHandler()
    : MessageHandler<SaslHandshakeRequest, SaslHandshakeResponse>(ApiKey.SaslHandshake, 0, 1), IRequestHandler
{
    bool IRequestHandler.IsAdvertised => false;

    protected override SaslHandshakeResponse Refusal(SaslHandshakeRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<SaslHandshakeResponse> Answer(SaslHandshakeRequest request, Request context) =>
        new(new SaslHandshakeResponse { ErrorCode = ErrorCode.IllegalSaslState });
}
