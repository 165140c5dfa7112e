using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 37, CreatePartitions: adds partitions to topics (KIP-195).
/// </summary>
public sealed class CreatePartitionsHandler(MetadataDriver controller)
    : ControllerHandler<CreatePartitionsRequest, CreatePartitionsResponse>(controller, ApiKey.CreatePartitions, 0, 3)
{
    protected override Decision<CreatePartitionsResponse> Decide(ControllerContext state, CreatePartitionsRequest request, short version) =>
        CreatePartitions.Decide(state, request);
}
