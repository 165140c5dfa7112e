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
/// API key 80, AddRaftVoter: adds a voter to the metadata quorum (KIP-853). v1 the answer need not wait for the commit.
/// </summary>
public sealed class AddRaftVoterHandler(MetadataDriver quorum, string clusterId)
    : MessageHandler<AddRaftVoterRequest, AddRaftVoterResponse>(ApiKey.AddRaftVoter, 0, 1)
{
    protected override async ValueTask<AddRaftVoterResponse> Answer(AddRaftVoterRequest request, Request context)
    {
        ErrorCode error = QuorumWire.CheckCluster(request.ClusterId, clusterId);
        if (error != ErrorCode.None)
        {
            return new() { ErrorCode = error, ErrorMessage = $"This is cluster {clusterId}, not {request.ClusterId}." };
        }

        AddVoterAsk ask = VoterChangeWire.Read(request);
        (ErrorCode outcome, string? message) = await quorum.ChangeVoters((member, change, now) => member.OnAddVoterAsked(change, ask, now));
        return new() { ErrorCode = outcome, ErrorMessage = message };
    }

    protected override AddRaftVoterResponse Refusal(AddRaftVoterRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };
}
