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
/// API key 52, Vote: a candidate, or one who thinks of becoming one, asks for this voter's vote (KIP-595). v1 directory ids (KIP-853) · v2 pre-votes (KIP-996).
/// </summary>
public sealed class VoteHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<VoteRequest, VoteResponse>(ApiKey.Vote, 0, 2)
{
    protected override async ValueTask<VoteResponse> Answer(VoteRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        if (error != ErrorCode.None || VoteWire.Read(request) is not { } ask)
        {
            return Refusal(request, error == ErrorCode.None ? ErrorCode.InvalidRequest : error, context.ApiVersion);
        }

        VoteAnswer answer = await quorum.Ask((member, now) => member.OnVoteAsked(ask, now), new VoteAnswer(ErrorCode.BrokerNotAvailable, null, LeaderEpoch.Unknown, false));
        return VoteWire.Response(answer, context.Connection.Info.ListenerName);
    }

    protected override VoteResponse Refusal(VoteRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
