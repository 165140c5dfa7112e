using System.Diagnostics.CodeAnalysis;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 3, Metadata: brokers, topics, who leads what.
/// v0 an empty list means all topics, later null does · v1 controller, racks, internal topics · v2 cluster id · v4 the client may forbid
/// auto-creation · v5 offline replicas · v7 leader epochs · v8 authorized operations · v10 topic ids in answers · v12 asking by topic id ·
/// v13 an error of its own.
/// A leader that has left this broker's own fetches unanswered for long is not named (see <see cref="LeaderSilence"/>).
/// A topic that is made on demand is answered UNKNOWN_TOPIC_OR_PARTITION once: the client asks again, and by then it is there.
/// </summary>
public sealed class MetadataHandler(ClusterState cluster, TopicAutoCreation autoCreation, ComingTopics coming)
    : MessageHandler<MetadataRequest, MetadataResponse>(ApiKey.Metadata, 0, 13)
{
    protected override MetadataResponse Refusal(MetadataRequest request, ErrorCode error, short version) => new()
    {
        ErrorCode = version >= 13 ? error : ErrorCode.None,
        Topics =
        [
            .. (request.Topics ?? []).Select(topic => new MetadataResponse.MetadataResponseTopic
            {
                ErrorCode = error,
                Name = topic.Name ?? "",
                TopicId = topic.TopicId,
            }),
        ],
    };

    protected override ValueTask<MetadataResponse> Answer(MetadataRequest request, Request context)
    {
        if (RefuseIds(request, context.ApiVersion) is { } refused)
        {
            return new(refused);
        }

        IEnumerable<Func<TopicsImage, TopicImage?>>? asked = AreAll(request.Topics, context.ApiVersion)
            ? null
            : request.Topics.Select<MetadataRequest.MetadataRequestTopic, Func<TopicsImage, TopicImage?>>(
                topic => topics => topic.TopicId.IsZero ? topics.Find(topic.Name!) : topics.Find(topic.TopicId));
        return coming.Of(asked) is { } wait ? AnswerAfter(wait, request, context) : new(AnswerNow(request, context));
    }

    private async ValueTask<MetadataResponse> AnswerAfter(Task wait, MetadataRequest request, Request context)
    {
        await wait;
        return AnswerNow(request, context);
    }

    private static bool AreAll([NotNullWhen(false)] List<MetadataRequest.MetadataRequestTopic>? topics, short version) => topics is null || (version == 0 && topics.Count == 0);

    private MetadataResponse AnswerNow(MetadataRequest request, Request context)
    {
        MetadataImage image = cluster.Image;
        var response = new MetadataResponse
        {
            ClusterId = cluster.ClusterId,
            ControllerId = cluster.ControllerIdForClients,
        };
        if (request.IncludeClusterAuthorizedOperations && context.ApiVersion is >= 8 and <= 10)
        {
            response.ClusterAuthorizedOperations = AuthorizedOperations.AllOnCluster;
        }

        string listener = context.Connection.Info.ListenerName;
        foreach (BrokerEndpoint broker in cluster.AliveBrokers(listener))
        {
            response.Brokers.Add(new() { NodeId = broker.Broker.Value, Host = broker.Host, Port = broker.Port, Rack = broker.Rack });
        }

        AddTopics(request, context.ApiVersion, image, listener, response);
        return response;
    }

    private void AddTopics(MetadataRequest request, short version, MetadataImage image, string listener, MetadataResponse response)
    {
        bool operations = request.IncludeTopicAuthorizedOperations && version >= 8;
        if (AreAll(request.Topics, version))
        {
            foreach (TopicImage topic in image.Topics.ByName.Values.OrderBy(t => t.Name, StringComparer.Ordinal))
            {
                response.Topics.Add(Describe(topic, image, listener, operations));
            }

            return;
        }

        if (request.Topics.Any(t => !t.TopicId.IsZero))
        {
            foreach (Uuid id in request.Topics.Where(t => !t.TopicId.IsZero).Select(t => t.TopicId).Distinct())
            {
                response.Topics.Add(image.Topics.Find(id) is { } topic
                    ? Describe(topic, image, listener, operations)
                    : new() { ErrorCode = ErrorCode.UnknownTopicId, TopicId = id, Name = version >= 12 ? null : "" });
            }

            return;
        }

        List<string> missing = [];
        foreach (string name in request.Topics.Select(t => t.Name!).Distinct(StringComparer.Ordinal))
        {
            if (image.Topics.Find(name) is { } topic)
            {
                response.Topics.Add(Describe(topic, image, listener, operations));
                continue;
            }

            bool valid = TopicNames.IsValid(name);
            if (valid)
            {
                missing.Add(name);
            }

            response.Topics.Add(new()
            {
                ErrorCode = valid ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException,
                Name = name,
                IsInternal = InternalTopics.Contains(name),
            });
        }

        if (missing.Count > 0 && (version < 4 || request.AllowAutoTopicCreation))
        {
            autoCreation.CreateAsked(missing);
        }
    }

    /// <summary>Topic ids came in version 10, but Kafka forgot to serve them before version 12 and refuses them there.</summary>
    private MetadataResponse? RefuseIds(MetadataRequest request, short version)
    {
        if (request.Topics is not { } topics)
        {
            return null;
        }

        bool refused = version < 12
            ? topics.Any(t => t.Name is null || !t.TopicId.IsZero)
            : topics.Any(t => t.Name is null && t.TopicId.IsZero);
        return refused ? Refusal(request, ErrorCode.InvalidRequest, version) : null;
    }

    private MetadataResponse.MetadataResponseTopic Describe(TopicImage topic, MetadataImage image, string listener, bool operations)
    {
        var answer = new MetadataResponse.MetadataResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = topic.IsInternal,
            TopicAuthorizedOperations = operations ? AuthorizedOperations.AllOnTopic : AuthorizedOperations.Omitted,
        };
        foreach (PartitionImage partition in topic.Partitions)
        {
            bool alive = partition.HasLeader && image.Brokers.TryGetValue(partition.Leader, out BrokerImage? leader) && cluster.MayBeNamed(leader);
            bool reachable = alive && image.Brokers[partition.Leader].Endpoint(listener) is not null;
            answer.Partitions.Add(new()
            {
                ErrorCode = !alive ? ErrorCode.LeaderNotAvailable : reachable ? ErrorCode.None : ErrorCode.ListenerNotFound,
                PartitionIndex = partition.Id,
                LeaderId = reachable ? partition.Leader : -1,
                LeaderEpoch = partition.LeaderEpoch.Value,
                ReplicaNodes = [.. partition.Replicas],
                IsrNodes = [.. partition.Isr],
                OfflineReplicas = [.. partition.Replicas.Where(id => !image.HasOnline(partition, id))],
            });
        }

        return answer;
    }
}
