using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Request = Tidemark.Broker.Connections.Request;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 47, OffsetDelete: forgets how far a group has read partitions that none of its members reads (KIP-496).
/// </summary>
public sealed class OffsetDeleteHandler(Coordinators<GroupShard> groups)
    : MessageHandler<OffsetDeleteRequest, OffsetDeleteResponse>(ApiKey.OffsetDelete, 0, 0)
{
    protected override OffsetDeleteResponse Refusal(OffsetDeleteRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override ValueTask<OffsetDeleteResponse> Answer(OffsetDeleteRequest request, Request context) => request.GroupId.Length == 0
        ? new(Refusal(request, ErrorCode.InvalidGroupId, 0))
        : groups.Ask(
            request.GroupId,
            (shard, ticket, _) => shard.Offsets.Delete(ticket, request),
            error => Refusal(request, error, 0));
}
