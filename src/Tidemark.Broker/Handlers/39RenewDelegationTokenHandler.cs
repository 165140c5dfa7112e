using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 39, RenewDelegationToken (KIP-48). A client that did not authenticate has no tokens, and here none does.
/// </summary>
public sealed class RenewDelegationTokenHandler()
    : MessageHandler<RenewDelegationTokenRequest, RenewDelegationTokenResponse>(ApiKey.RenewDelegationToken, 1, 2)
{
    protected override RenewDelegationTokenResponse Refusal(RenewDelegationTokenRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<RenewDelegationTokenResponse> Answer(RenewDelegationTokenRequest request, Request context) =>
        new(new RenewDelegationTokenResponse { ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed, ExpiryTimestampMs = -1 });
}
