using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Runtime;
using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 68, ConsumerGroupHeartbeat: joins, keeps up and leaves a group that the coordinator assigns (KIP-848).
/// v1 regular expressions, and clients make their ids themselves (KIP-1082).
/// </summary>
public sealed class ConsumerGroupHeartbeatHandler(Coordinators<GroupShard> groups, BrokerEnvironment environment)
    : MessageHandler<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(ApiKey.ConsumerGroupHeartbeat, 0, 1)
{
    protected override ConsumerGroupHeartbeatResponse Refusal(ConsumerGroupHeartbeatRequest request, ErrorCode error, short version) => Refuse(error);

    protected override ValueTask<ConsumerGroupHeartbeatResponse> Answer(ConsumerGroupHeartbeatRequest request, Request context)
    {
        var client = new GroupClient(context.ClientId ?? "", $"/{context.Connection.Info.RemoteAddress}");
        Uuid fresh = request.MemberId.Length == 0 ? environment.NewId() : Uuid.Zero;
        short version = context.ApiVersion;
        return groups.Ask(
            request.GroupId,
            (shard, ticket, now) => shard.Consumer.Heartbeat(ticket, request, version, client, fresh, groups.Heartbeating, now),
            Refuse);
    }

    private static ConsumerGroupHeartbeatResponse Refuse(ErrorCode error) => new() { ErrorCode = error, MemberId = null, Assignment = null };
}
