using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 13, LeaveGroup: takes members out of a classic group at once.
/// v3 several members, static ones by their instance (KIP-345) · v5 the client's reason (KIP-800).
/// </summary>
public sealed class LeaveGroupHandler(Coordinators<GroupShard> groups) : MessageHandler<LeaveGroupRequest, LeaveGroupResponse>(ApiKey.LeaveGroup, 0, 5)
{
    /// <summary>Before this version a request names one member, and its error stands in the place of the request's.</summary>
    private const short SeveralFrom = 3;

    protected override LeaveGroupResponse Refusal(LeaveGroupRequest request, ErrorCode error, short version) =>
        version < SeveralFrom ? new() { ErrorCode = error } : ClassicAnswers.Refuse(request, error);

    protected override async ValueTask<LeaveGroupResponse> Answer(LeaveGroupRequest request, Request context)
    {
        if (request.GroupId.Length == 0)
        {
            return new() { ErrorCode = ErrorCode.InvalidGroupId };
        }

        if (context.ApiVersion < SeveralFrom)
        {
            request.Members = [new() { MemberId = request.MemberId }];
        }

        LeaveGroupResponse response = await groups.Ask(
            request.GroupId,
            (shard, ticket, now) => shard.Classic.Leave(ticket, request, now),
            error => ClassicAnswers.Refuse(request, error));
        if (context.ApiVersion >= SeveralFrom)
        {
            return response;
        }

        ErrorCode ofMember = response.Members.FirstOrDefault()?.ErrorCode ?? ErrorCode.None;
        return new() { ErrorCode = response.ErrorCode == ErrorCode.None ? ofMember : response.ErrorCode };
    }
}
