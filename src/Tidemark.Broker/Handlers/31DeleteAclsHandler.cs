using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 31, DeleteAcls: removes rules of access (KIP-140). There is no authorizer, and the answer says so for each filter.
/// </summary>
public sealed class DeleteAclsHandler() : MessageHandler<DeleteAclsRequest, DeleteAclsResponse>(ApiKey.DeleteAcls, 1, 3)
{
    protected override DeleteAclsResponse Refusal(DeleteAclsRequest request, ErrorCode error, short version) => new()
    {
        FilterResults = [.. request.Filters.Select(_ => new DeleteAclsResponse.DeleteAclsFilterResult { ErrorCode = error, ErrorMessage = null })],
    };

    protected override ValueTask<DeleteAclsResponse> Answer(DeleteAclsRequest request, Request context)
    {
        var response = new DeleteAclsResponse();
        foreach (DeleteAclsRequest.DeleteAclsFilter filter in request.Filters)
        {
            NoAuthorizer.RequireKnown(filter.ResourceTypeFilter, filter.PatternTypeFilter, filter.Operation, filter.PermissionType);
            response.FilterResults.Add(new() { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = NoAuthorizer.Message });
        }

        return new(response);
    }
}
