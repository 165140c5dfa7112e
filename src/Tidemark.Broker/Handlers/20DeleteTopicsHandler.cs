using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
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
    protected override Decision<DeleteTopicsResponse> Decide(ControllerContext state, DeleteTopicsRequest request, short version) =>
        DeleteTopics.Decide(state, request, version);
}
