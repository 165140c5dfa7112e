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

    protected override CreateDelegationTokenResponse Refusal(CreateDelegationTokenRequest request, ErrorCode error, short version) =>
        NoToken(error, AnonymousType, AnonymousName, version);

    protected override ValueTask<CreateDelegationTokenResponse> Answer(CreateDelegationTokenRequest request, Request context)
    {
        bool isForOther = context.ApiVersion >= 3 && request.OwnerPrincipalName is { Length: > 0 };
        return new(NoToken(
            ErrorCode.DelegationTokenRequestNotAllowed,
            isForOther ? request.OwnerPrincipalType ?? AnonymousType : AnonymousType,
            isForOther ? request.OwnerPrincipalName! : AnonymousName,
            context.ApiVersion));
    }

    private static CreateDelegationTokenResponse NoToken(ErrorCode error, string ownerType, string ownerName, short version) => new()
    {
        ErrorCode = error,
        PrincipalType = ownerType,
        PrincipalName = ownerName,
        TokenRequesterPrincipalType = version >= 3 ? AnonymousType : "",
        TokenRequesterPrincipalName = version >= 3 ? AnonymousName : "",
        IssueTimestampMs = -1,
        ExpiryTimestampMs = -1,
        MaxTimestampMs = -1,
    };
}
