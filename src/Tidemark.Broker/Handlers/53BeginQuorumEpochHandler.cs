using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Quorum.Wire;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 53, BeginQuorumEpoch: the leader of a new epoch tells of itself (KIP-595). v1 directory ids and endpoints (KIP-853).
/// </summary>
public sealed class BeginQuorumEpochHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<BeginQuorumEpochRequest, BeginQuorumEpochResponse>(ApiKey.BeginQuorumEpoch, 0, 1)
{
    protected override async ValueTask<BeginQuorumEpochResponse> Answer(BeginQuorumEpochRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        if (error != ErrorCode.None || BeginEpochWire.Read(request) is not { } ask)
        {
            return Refusal(request, error == ErrorCode.None ? ErrorCode.InvalidRequest : error, context.ApiVersion);
        }

        QuorumAnswer answer = await quorum.Ask((member, now) => member.OnBeginEpochAsked(ask, now), new QuorumAnswer(ErrorCode.BrokerNotAvailable, null, LeaderEpoch.Unknown));
        return BeginEpochWire.Response(answer, context.Connection.Info.ListenerName);
    }

    protected override BeginQuorumEpochResponse Refusal(BeginQuorumEpochRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
