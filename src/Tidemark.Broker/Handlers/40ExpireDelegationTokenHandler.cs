using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 40, ExpireDelegationToken (KIP-48). A client that did not authenticate has no tokens, and here none does.
/// </summary>
public sealed class ExpireDelegationTokenHandler()
    : MessageHandler<ExpireDelegationTokenRequest, ExpireDelegationTokenResponse>(ApiKey.ExpireDelegationToken, 1, 2)
{
    protected override ExpireDelegationTokenResponse Refusal(ExpireDelegationTokenRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<ExpireDelegationTokenResponse> Answer(ExpireDelegationTokenRequest request, Request context) =>
        new(new ExpireDelegationTokenResponse { ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed, ExpiryTimestampMs = -1 });
}
