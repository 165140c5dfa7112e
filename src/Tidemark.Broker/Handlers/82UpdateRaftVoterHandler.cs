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
/// API key 82, UpdateRaftVoter: a voter tells where it listens and which versions of the quorum it knows (KIP-853).
/// </summary>
public sealed class UpdateRaftVoterHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<UpdateRaftVoterRequest, UpdateRaftVoterResponse>(ApiKey.UpdateRaftVoter, 0, 0)
{
    protected override async ValueTask<UpdateRaftVoterResponse> Answer(UpdateRaftVoterRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        UpdateVoterAsk ask = VoterChangeWire.Read(request);
        QuorumAnswer answer = await quorum.Ask(
            (member, now) => error == ErrorCode.None
                ? member.OnUpdateVoterAsked(ask, now)
                : new QuorumAnswer(error, member.LeaderNode, member.Epoch) { LeaderEndpoints = member.LeaderEndpoints },
            new QuorumAnswer(ErrorCode.NotLeaderOrFollower, null, LeaderEpoch.Unknown));
        return VoterChangeWire.Response(answer, context.Connection.Info.ListenerName);
    }

    protected override UpdateRaftVoterResponse Refusal(UpdateRaftVoterRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
