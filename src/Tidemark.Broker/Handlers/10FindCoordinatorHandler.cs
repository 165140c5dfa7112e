using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 10, FindCoordinator: which broker coordinates a group or a transactional id.
/// v1 key types · v4 several keys (KIP-699) · v6 share groups' key type.
/// Whoever asks brings the topic into being in which the coordinators keep their state. No coordinators exist in this broker: every key is
/// answered COORDINATOR_NOT_AVAILABLE.
/// </summary>
public sealed class FindCoordinatorHandler(ClusterState cluster, TopicAutoCreation creation)
    : MessageHandler<FindCoordinatorRequest, FindCoordinatorResponse>(ApiKey.FindCoordinator, 0, 6)
{
    private const string Message = "The coordinator is not available.";

    protected override ValueTask<FindCoordinatorResponse> Answer(FindCoordinatorRequest request, Request context)
    {
        ErrorCode error = request.KeyType is 0 or 1 || (request.KeyType == 2 && context.ApiVersion >= 6)
            ? ErrorCode.CoordinatorNotAvailable
            : ErrorCode.InvalidRequest;
        if (TopicOf(request.KeyType) is { } topic && cluster.Image.Topics.Find(topic) is null)
        {
            creation.Create([topic]);
        }

        var response = new FindCoordinatorResponse();
        if (context.ApiVersion < 4)
        {
            response.ErrorCode = error;
            response.ErrorMessage = Message;
            response.NodeId = -1;
            response.Port = -1;
            return new(response);
        }

        foreach (string key in request.CoordinatorKeys)
        {
            response.Coordinators.Add(new() { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error, ErrorMessage = Message });
        }

        return new(response);
    }

    private static string? TopicOf(sbyte keyType) => keyType switch
    {
        0 => InternalTopics.ConsumerOffsets,
        1 => InternalTopics.TransactionState,
        _ => null,
    };
}
