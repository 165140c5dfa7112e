using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 37, CreatePartitions: adds partitions to topics (KIP-195).
/// </summary>
public sealed class CreatePartitionsHandler(MetadataDriver controller)
    : ControllerHandler<CreatePartitionsRequest, CreatePartitionsResponse>(controller, ApiKey.CreatePartitions, 0, 3)
{
    protected override CreatePartitionsResponse Refusal(CreatePartitionsRequest request, ErrorCode error, short version) => new()
    {
        Results =
        [
            .. request.Topics.Select(topic => new CreatePartitionsResponse.CreatePartitionsTopicResult { Name = topic.Name, ErrorCode = error, ErrorMessage = null }),
        ],
    };

    protected override int? TimeoutMs(CreatePartitionsRequest request) => request.TimeoutMs;

    protected override Decision<CreatePartitionsResponse> Decide(ControllerContext state, CreatePartitionsRequest request, short version) =>
        CreatePartitions.Decide(state, request);
}
