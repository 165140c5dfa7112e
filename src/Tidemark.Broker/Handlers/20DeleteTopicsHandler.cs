using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 20, DeleteTopics: removes topics with their records.
/// v5 error messages · v6 topics by id (KIP-516).
/// </summary>
public sealed class DeleteTopicsHandler(MetadataDriver controller)
    : ControllerHandler<DeleteTopicsRequest, DeleteTopicsResponse>(controller, ApiKey.DeleteTopics, 1, 6)
{
    protected override DeleteTopicsResponse Refusal(DeleteTopicsRequest request, ErrorCode error, short version) => new()
    {
        Responses = version >= 6
            ? [.. request.Topics.Select(topic => Failed(topic.Name, topic.TopicId, error))]
            : [.. request.TopicNames.Select(name => Failed(name, default, error))],
    };

    protected override int? TimeoutMs(DeleteTopicsRequest request) => request.TimeoutMs;

    protected override Decision<DeleteTopicsResponse> Decide(ControllerContext state, DeleteTopicsRequest request, short version) =>
        DeleteTopics.Decide(state, request, version);

    private static DeleteTopicsResponse.DeletableTopicResult Failed(string? name, Uuid id, ErrorCode error) =>
        new() { Name = name, TopicId = id, ErrorCode = error, ErrorMessage = null };
}
