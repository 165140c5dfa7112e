using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 41, DescribeDelegationToken (KIP-48). A client that did not authenticate may not see tokens, and here none does.
/// </summary>
public sealed class DescribeDelegationTokenHandler()
    : MessageHandler<DescribeDelegationTokenRequest, DescribeDelegationTokenResponse>(ApiKey.DescribeDelegationToken, 1, 3)
{
    protected override DescribeDelegationTokenResponse Refusal(DescribeDelegationTokenRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<DescribeDelegationTokenResponse> Answer(DescribeDelegationTokenRequest request, Request context) =>
        new(new DescribeDelegationTokenResponse { ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed });
}
