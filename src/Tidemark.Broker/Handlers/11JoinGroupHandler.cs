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
/// API key 11, JoinGroup: enters a classic group, or joins again when it rebalances. The answer waits for the others.
/// v1 a rebalance timeout of its own · v4 MEMBER_ID_REQUIRED (KIP-394) · v5 static members (KIP-345) · v7 the protocol's type (KIP-559) ·
/// v8 the client's reason (KIP-800) · v9 a leader may be told not to assign (KIP-814).
/// </summary>
public sealed class JoinGroupHandler(Coordinators<GroupShard> groups, BrokerEnvironment environment)
    : MessageHandler<JoinGroupRequest, JoinGroupResponse>(ApiKey.JoinGroup, 0, 9)
{
    /// <summary>From this version on a protocol that there is none of is told as such; one without a name is none.</summary>
    private const short MayLackProtocol = 7;

    protected override JoinGroupResponse Refusal(JoinGroupRequest request, ErrorCode error, short version) => Fit(ClassicAnswers.RefuseJoin("", error), version);

    protected override async ValueTask<JoinGroupResponse> Answer(JoinGroupRequest request, Request context)
    {
        if (request.GroupId.Length == 0)
        {
            return Fit(ClassicAnswers.Refuse(request, ErrorCode.InvalidGroupId), context.ApiVersion);
        }

        var client = new GroupClient(context.ClientId ?? "", $"/{context.Connection.Info.RemoteAddress}");
        Uuid fresh = environment.NewId();
        JoinGroupResponse response = await groups.Ask(
            request.GroupId,
            (shard, ticket, now) => shard.Classic.Join(new JoinInput(ticket, request, context.ApiVersion, client, fresh), now),
            error => ClassicAnswers.RefuseJoin("", error));
        return Fit(response, context.ApiVersion);
    }

    private static JoinGroupResponse Fit(JoinGroupResponse response, short version)
    {
        response.ProtocolName = version < MayLackProtocol ? response.ProtocolName ?? ""
            : response.ProtocolName is "" ? null
            : response.ProtocolName;
        return response;
    }
}
