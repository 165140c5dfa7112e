using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 80, AddRaftVoter: adds a voter to the metadata quorum (KIP-853). This quorum has one voter and keeps it, and says so.
/// </summary>
public sealed class AddRaftVoterHandler(ClusterState cluster)
    : MessageHandler<AddRaftVoterRequest, AddRaftVoterResponse>(ApiKey.AddRaftVoter, 0, 1)
{
    protected override AddRaftVoterResponse Refusal(AddRaftVoterRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override ValueTask<AddRaftVoterResponse> Answer(AddRaftVoterRequest request, Request context)
    {
        (ErrorCode code, string message) = FixedVoters.Refuse(request.ClusterId, cluster.ClusterId);
        return new(new AddRaftVoterResponse { ErrorCode = code, ErrorMessage = message });
    }
}
