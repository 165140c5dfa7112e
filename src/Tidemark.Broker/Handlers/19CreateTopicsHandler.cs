using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 19, CreateTopics: makes topics, with counts or an assignment by hand.
/// v4 counts of -1 mean the broker's defaults (KIP-464), which we take in older versions too, as Kafka does · v5 the answer tells
/// counts and configuration (KIP-525) · v7 the topic's id.
/// </summary>
public sealed class CreateTopicsHandler(MetadataDriver controller)
    : ControllerHandler<CreateTopicsRequest, CreateTopicsResponse>(controller, ApiKey.CreateTopics, 2, 7)
{
    protected override CreateTopicsResponse Refusal(CreateTopicsRequest request, ErrorCode error, short version) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = error, ErrorMessage = null }),
        ],
    };

    protected override int? TimeoutMs(CreateTopicsRequest request) => request.TimeoutMs;

    protected override Decision<CreateTopicsResponse> Decide(ControllerContext state, CreateTopicsRequest request, short version) =>
        CreateTopics.Decide(state, request);
}
