using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 30, CreateAcls: adds rules of access (KIP-140). There is no authorizer, and the answer says so for each rule.
/// </summary>
public sealed class CreateAclsHandler() : MessageHandler<CreateAclsRequest, CreateAclsResponse>(ApiKey.CreateAcls, 1, 3)
{
    protected override CreateAclsResponse Refusal(CreateAclsRequest request, ErrorCode error, short version) => new()
    {
        Results = [.. request.Creations.Select(_ => new CreateAclsResponse.AclCreationResult { ErrorCode = error, ErrorMessage = null })],
    };

    protected override ValueTask<CreateAclsResponse> Answer(CreateAclsRequest request, Request context)
    {
        var response = new CreateAclsResponse();
        foreach (CreateAclsRequest.AclCreation rule in request.Creations)
        {
            NoAuthorizer.RequireKnown(rule.ResourceType, rule.ResourcePatternType, rule.Operation, rule.PermissionType);
            response.Results.Add(new() { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = NoAuthorizer.Message });
        }

        return new(response);
    }
}
