using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 81, RemoveRaftVoter: removes a voter from the metadata quorum (KIP-853). This quorum has one voter and keeps it, and says so.
/// </summary>
public sealed class RemoveRaftVoterHandler(ClusterState cluster)
    : MessageHandler<RemoveRaftVoterRequest, RemoveRaftVoterResponse>(ApiKey.RemoveRaftVoter, 0, 0)
{
    protected override RemoveRaftVoterResponse Refusal(RemoveRaftVoterRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override ValueTask<RemoveRaftVoterResponse> Answer(RemoveRaftVoterRequest request, Request context)
    {
        (ErrorCode code, string message) = FixedVoters.Refuse(request.ClusterId, cluster.ClusterId);
        return new(new RemoveRaftVoterResponse { ErrorCode = code, ErrorMessage = message });
    }
}
