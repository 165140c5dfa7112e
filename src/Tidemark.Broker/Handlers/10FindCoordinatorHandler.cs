using System.Globalization;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 10, FindCoordinator: which broker coordinates a group or a transactional id: the leader of the partition that its name falls on.
/// v1 key types · v4 several keys (KIP-699) · v6 share groups' key type.
/// Whoever asks first brings the topic into being in which the coordinators keep their state, and is told COORDINATOR_NOT_AVAILABLE until
/// it has leaders. Share groups have no coordinator here.
/// </summary>
public sealed class FindCoordinatorHandler(ClusterState cluster, TopicAutoCreation creation)
    : MessageHandler<FindCoordinatorRequest, FindCoordinatorResponse>(ApiKey.FindCoordinator, 0, 6)
{
    private const sbyte ShareType = 2;

    /// <summary>What Kafka says in the field for an error's text where there is no error, up to version 3.</summary>
    private const string NoError = "NONE";

    private const string NotAvailable = "The coordinator is not available.";

    protected override FindCoordinatorResponse Refusal(FindCoordinatorRequest request, ErrorCode error, short version) =>
        Respond(request, version, key => new() { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error, ErrorMessage = null });

    protected override ValueTask<FindCoordinatorResponse> Answer(FindCoordinatorRequest request, Request context)
    {
        string? topic = TopicOf(request.KeyType);
        TopicImage? kept = topic is null ? null : cluster.Image.Topics.Find(topic);
        if (topic is not null && kept is null)
        {
            creation.Create([topic]);
        }

        bool isShare = request.KeyType == ShareType && context.ApiVersion >= 6;
        string listener = context.Connection.Info.ListenerName;
        return new(Respond(request, context.ApiVersion, key =>
            isShare && !IsShareKey(key) ? Failed(key, ErrorCode.InvalidRequest, $"{key}: the key of a share group's partition is group:topicId:partition.")
            : isShare ? Failed(key, ErrorCode.CoordinatorNotAvailable, NotAvailable)
            : topic is null ? Failed(key, ErrorCode.InvalidRequest, NotAvailable)
            : Leader(kept, key, listener) is { } at
                ? new() { Key = key, NodeId = at.Broker.Value, Host = at.Host, Port = at.Port, ErrorMessage = context.ApiVersion < 4 ? NoError : "" }
                : Failed(key, ErrorCode.CoordinatorNotAvailable, NotAvailable)));
    }

    private static FindCoordinatorResponse Respond(
        FindCoordinatorRequest request, short version, Func<string, FindCoordinatorResponse.Coordinator> find)
    {
        if (version >= 4)
        {
            return new FindCoordinatorResponse { Coordinators = [.. request.CoordinatorKeys.Select(find)] };
        }

        FindCoordinatorResponse.Coordinator found = find(request.Key);
        return new() { ErrorCode = found.ErrorCode, ErrorMessage = found.ErrorMessage, NodeId = found.NodeId, Host = found.Host, Port = found.Port };
    }

    private static FindCoordinatorResponse.Coordinator Failed(string key, ErrorCode error, string message) =>
        new() { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = error, ErrorMessage = message };

    private static bool IsShareKey(string key)
    {
        int partition = key.LastIndexOf(':');
        int topic = partition <= 0 ? -1 : key.LastIndexOf(':', partition - 1);
        return topic > 0
            && Uuid.TryParse(key[(topic + 1)..partition], out _)
            && int.TryParse(key.AsSpan(partition + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
    }

    private static string? TopicOf(sbyte keyType) => keyType switch
    {
        0 => InternalTopics.ConsumerOffsets,
        1 => InternalTopics.TransactionState,
        _ => null,
    };

    /// <summary>Where the leader of the key's partition is reached; null while there is none that serves.</summary>
    private BrokerEndpoint? Leader(TopicImage? kept, string key, string listener) =>
        kept?.Partition(KeyPartition.Of(key, kept.Partitions.Length)) is { } partition
            && cluster.Image.Brokers.TryGetValue(partition.Leader, out BrokerImage? leader)
            && cluster.MayBeNamed(leader)
            && leader.Endpoint(listener) is { } at
                ? new BrokerEndpoint(new BrokerId(leader.Id), at.Host, at.Port, leader.Rack)
                : null;
}
