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
/// API key 81, RemoveRaftVoter: removes a voter from the metadata quorum (KIP-853).
/// </summary>
public sealed class RemoveRaftVoterHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<RemoveRaftVoterRequest, RemoveRaftVoterResponse>(ApiKey.RemoveRaftVoter, 0, 0)
{
    protected override async ValueTask<RemoveRaftVoterResponse> Answer(RemoveRaftVoterRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        if (error != ErrorCode.None)
        {
            return new() { ErrorCode = error, ErrorMessage = $"This is cluster {clusterId}, not {request.ClusterId}." };
        }

        RemoveVoterAsk ask = VoterChangeWire.Read(request);
        (ErrorCode outcome, string? message) = await quorum.ChangeVoters((member, change, now) => member.OnRemoveVoterAsked(change, ask, now));
        return new() { ErrorCode = outcome, ErrorMessage = message };
    }

    protected override RemoveRaftVoterResponse Refusal(RemoveRaftVoterRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };
}
