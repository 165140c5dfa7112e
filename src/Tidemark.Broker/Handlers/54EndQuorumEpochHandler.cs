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
/// API key 54, EndQuorumEpoch: a leader resigns and names its successors, the best first (KIP-595). v1 directory ids and endpoints (KIP-853).
/// </summary>
public sealed class EndQuorumEpochHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<EndQuorumEpochRequest, EndQuorumEpochResponse>(ApiKey.EndQuorumEpoch, 0, 1)
{
    protected override async ValueTask<EndQuorumEpochResponse> Answer(EndQuorumEpochRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        if (error != ErrorCode.None || EndEpochWire.Read(request) is not { } ask)
        {
            return Refusal(request, error == ErrorCode.None ? ErrorCode.InvalidRequest : error, context.ApiVersion);
        }

        QuorumAnswer answer = await quorum.Ask((member, now) => member.OnEndEpochAsked(ask, now), new QuorumAnswer(ErrorCode.BrokerNotAvailable, null, LeaderEpoch.Unknown));
        return EndEpochWire.Response(answer, context.Connection.Info.ListenerName);
    }

    protected override EndQuorumEpochResponse Refusal(EndQuorumEpochRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
