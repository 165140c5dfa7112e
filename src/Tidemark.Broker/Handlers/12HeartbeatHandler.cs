using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 12, Heartbeat: keeps a member of a classic group, and tells it of a rebalance. v3 static members (KIP-345).
/// </summary>
public sealed class HeartbeatHandler(Coordinators<GroupShard> groups) : MessageHandler<HeartbeatRequest, HeartbeatResponse>(ApiKey.Heartbeat, 0, 4)
{
    protected override HeartbeatResponse Refusal(HeartbeatRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<HeartbeatResponse> Answer(HeartbeatRequest request, Request context) => request.GroupId.Length == 0
        ? new(new HeartbeatResponse { ErrorCode = ErrorCode.InvalidGroupId })
        : groups.Ask(
            request.GroupId,
            (shard, ticket, now) => shard.Classic.Heartbeat(ticket, request, now),

            // While the group is read nobody knows better, and its sessions begin afterwards.
            error => new HeartbeatResponse { ErrorCode = error == ErrorCode.CoordinatorLoadInProgress ? ErrorCode.None : error });
}
