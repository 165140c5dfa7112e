using System.Globalization;
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
    private const sbyte ShareType = 2;
    private const string Message = "The coordinator is not available.";

    protected override FindCoordinatorResponse Refusal(FindCoordinatorRequest request, ErrorCode error, short version) => Nowhere(request, error, version, message: null);

    protected override ValueTask<FindCoordinatorResponse> Answer(FindCoordinatorRequest request, Request context)
    {
        ErrorCode error = request.KeyType is 0 or 1 || (request.KeyType == ShareType && context.ApiVersion >= 6)
            ? ErrorCode.CoordinatorNotAvailable
            : ErrorCode.InvalidRequest;
        if (TopicOf(request.KeyType) is { } topic && cluster.Image.Topics.Find(topic) is null)
        {
            creation.Create([topic]);
        }

        FindCoordinatorResponse response = Nowhere(request, error, context.ApiVersion, Message);
        if (request.KeyType == ShareType)
        {
            foreach (FindCoordinatorResponse.Coordinator coordinator in response.Coordinators.Where(c => !IsShareKey(c.Key)))
            {
                coordinator.ErrorCode = ErrorCode.InvalidRequest;
                coordinator.ErrorMessage = $"{coordinator.Key}: the key of a share group's partition is group:topicId:partition.";
            }
        }

        return new(response);
    }

    private static bool IsShareKey(string key)
    {
        int partition = key.LastIndexOf(':');
        int topic = partition <= 0 ? -1 : key.LastIndexOf(':', partition - 1);
        return topic > 0
            && Uuid.TryParse(key[(topic + 1)..partition], out _)
            && int.TryParse(key.AsSpan(partition + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
    }

    private static FindCoordinatorResponse Nowhere(FindCoordinatorRequest request, ErrorCode error, short version, string? message)
    {
        if (version < 4)
        {
            return new() { ErrorCode = error, ErrorMessage = message, NodeId = -1, Port = -1 };
        }

        var response = new FindCoordinatorResponse();
        foreach (string key in request.CoordinatorKeys)
        {
            response.Coordinators.Add(new() { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error, ErrorMessage = message });
        }

        return response;
    }

    private static string? TopicOf(sbyte keyType) => keyType switch
    {
        0 => InternalTopics.ConsumerOffsets,
        1 => InternalTopics.TransactionState,
        _ => null,
    };
}
