using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 56, AlterPartition: a leader asks for other in-sync replicas (KIP-497). v3 with broker epochs (KIP-903).
/// </summary>
public sealed class AlterPartitionHandler(MetadataDriver controller)
    : ControllerHandler<AlterPartitionRequest, AlterPartitionResponse>(controller, ApiKey.AlterPartition, 2, 3)
{
    protected override Decision<AlterPartitionResponse> Decide(ControllerContext state, AlterPartitionRequest request, short version) =>
        AlterPartition.Decide(state, request, version);

    protected override AlterPartitionResponse Refusal(AlterPartitionRequest request, ErrorCode error, short version) => new() { ErrorCode = error };
}
