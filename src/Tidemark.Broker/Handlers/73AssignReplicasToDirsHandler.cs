using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 73, AssignReplicasToDirs: a broker tells in which of its log directories its replicas are (KIP-858).
/// </summary>
public sealed class AssignReplicasToDirsHandler(MetadataDriver controller)
    : ControllerHandler<AssignReplicasToDirsRequest, AssignReplicasToDirsResponse>(controller, ApiKey.AssignReplicasToDirs, 0, 0)
{
    protected override Decision<AssignReplicasToDirsResponse> Decide(ControllerContext state, AssignReplicasToDirsRequest request, short version) =>
        AssignReplicasToDirs.Decide(state, request);

    protected override AssignReplicasToDirsResponse Refusal(AssignReplicasToDirsRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
