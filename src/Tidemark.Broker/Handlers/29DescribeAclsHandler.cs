using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 29, DescribeAcls: rules of access (KIP-140). There is no authorizer, and the answer says so.
/// </summary>
public sealed class DescribeAclsHandler() : MessageHandler<DescribeAclsRequest, DescribeAclsResponse>(ApiKey.DescribeAcls, 1, 3)
{
    protected override DescribeAclsResponse Refusal(DescribeAclsRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override ValueTask<DescribeAclsResponse> Answer(DescribeAclsRequest request, Request context)
    {
        NoAuthorizer.RequireKnown(request.ResourceTypeFilter, request.PatternTypeFilter, request.Operation, request.PermissionType);
        return new(new DescribeAclsResponse { ErrorCode = ErrorCode.SecurityDisabled, ErrorMessage = NoAuthorizer.Message });
    }
}
