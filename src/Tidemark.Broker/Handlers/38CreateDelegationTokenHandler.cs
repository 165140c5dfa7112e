using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 38, CreateDelegationToken (KIP-48). A client that did not authenticate may not ask for tokens, and here none does.
/// v3 a token for somebody else (KIP-373).
/// </summary>
public sealed class CreateDelegationTokenHandler()
    : MessageHandler<CreateDelegationTokenRequest, CreateDelegationTokenResponse>(ApiKey.CreateDelegationToken, 1, 3)
{
    private const string AnonymousType = "User";
    private const string AnonymousName = "ANONYMOUS";

    protected override ValueTask<CreateDelegationTokenResponse> Answer(CreateDelegationTokenRequest request, Request context)
    {
        bool isForOther = context.ApiVersion >= 3 && request.OwnerPrincipalName is { Length: > 0 };
        var response = new CreateDelegationTokenResponse
        {
            ErrorCode = ErrorCode.DelegationTokenRequestNotAllowed,
            PrincipalType = isForOther ? request.OwnerPrincipalType ?? AnonymousType : AnonymousType,
            PrincipalName = isForOther ? request.OwnerPrincipalName! : AnonymousName,
            IssueTimestampMs = -1,
            ExpiryTimestampMs = -1,
            MaxTimestampMs = -1,
        };
        if (context.ApiVersion >= 3)
        {
            response.TokenRequesterPrincipalType = AnonymousType;
            response.TokenRequesterPrincipalName = AnonymousName;
        }

        return new(response);
    }
}
