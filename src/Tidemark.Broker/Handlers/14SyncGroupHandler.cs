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
/// API key 14, SyncGroup: the leader of a classic group brings the assignment, everybody gets their part of it. The answer waits for the leader.
/// v3 static members (KIP-345) · v5 the protocol that the member believes in, by type and name (KIP-559).
/// </summary>
public sealed class SyncGroupHandler(Coordinators<GroupShard> groups) : MessageHandler<SyncGroupRequest, SyncGroupResponse>(ApiKey.SyncGroup, 0, 5)
{
    private const short NamesProtocolFrom = 5;

    protected override SyncGroupResponse Refusal(SyncGroupRequest request, ErrorCode error, short version) => ClassicAnswers.RefuseSync(error);

    protected override ValueTask<SyncGroupResponse> Answer(SyncGroupRequest request, Request context)
    {
        ErrorCode error = context.ApiVersion >= NamesProtocolFrom && (request.ProtocolType is null || request.ProtocolName is null) ? ErrorCode.InconsistentGroupProtocol
            : request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId
            : ErrorCode.None;
        return error != ErrorCode.None
            ? new(ClassicAnswers.RefuseSync(error))
            : groups.Ask(request.GroupId, (shard, ticket, now) => shard.Classic.Sync(ticket, request, now), ClassicAnswers.RefuseSync);
    }
}
