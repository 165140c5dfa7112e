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
/// API key 75, DescribeTopicPartitions: topics page by page, with the eligible leader replicas (KIP-966). Topics come in the order of
/// their names; the cursor names the first partition of the next page. A page holds at least one partition.
/// </summary>
public sealed class DescribeTopicPartitionsHandler(ClusterState cluster, ComingTopics coming)
    : MessageHandler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>(ApiKey.DescribeTopicPartitions, 0, 0)
{
    protected override DescribeTopicPartitionsResponse Refusal(DescribeTopicPartitionsRequest request, ErrorCode error, short version) => new()
    {
        Topics = [.. request.Topics.Select(topic => new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic { ErrorCode = error, Name = topic.Name })],
    };

    protected override ValueTask<DescribeTopicPartitionsResponse> Answer(DescribeTopicPartitionsRequest request, Request context)
    {
        IEnumerable<Func<TopicsImage, TopicImage?>>? asked = request.Topics.Count == 0
            ? null
            : request.Topics.Select<DescribeTopicPartitionsRequest.TopicRequest, Func<TopicsImage, TopicImage?>>(topic => topics => topics.Find(topic.Name));
        return coming.Of(asked) is { } wait ? AnswerAfter(wait, request) : new(AnswerNow(request));
    }

    private async ValueTask<DescribeTopicPartitionsResponse> AnswerAfter(Task wait, DescribeTopicPartitionsRequest request)
    {
        await wait;
        return AnswerNow(request);
    }

    private DescribeTopicPartitionsResponse AnswerNow(DescribeTopicPartitionsRequest request)
    {
        MetadataImage image = cluster.Image;
        var response = new DescribeTopicPartitionsResponse();
        string[] names = request.Topics.Count > 0
            ? [.. request.Topics.Select(t => t.Name).Distinct(StringComparer.Ordinal)]
            : [.. image.Topics.ByName.Keys];
        if (Refuse(request, names) is { } error)
        {
            foreach (string name in names)
            {
                response.Topics.Add(new() { ErrorCode = error, Name = name });
            }

            return response;
        }

        int room = Math.Max(1, Math.Min(request.ResponsePartitionLimit, cluster.Config.GetInt("max.request.partition.size.limit")));
        foreach (string name in names.Order(StringComparer.Ordinal))
        {
            int from = 0;
            if (request.Cursor is { } cursor)
            {
                int order = string.CompareOrdinal(name, cursor.TopicName);
                if (order < 0)
                {
                    continue;
                }

                from = order == 0 ? cursor.PartitionIndex : 0;
            }

            TopicImage? topic = image.Topics.Find(name);
            if (room == 0)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = from };
                break;
            }

            response.Topics.Add(Describe(name, topic, image, from, ref room, response));
            if (response.NextCursor is not null)
            {
                break;
            }
        }

        return response;
    }

    private static ErrorCode? Refuse(DescribeTopicPartitionsRequest request, string[] names)
    {
        if (request.Cursor is { } cursor
            && (cursor.PartitionIndex < 0 || (request.Topics.Count > 0 && !names.Contains(cursor.TopicName, StringComparer.Ordinal))))
        {
            return ErrorCode.InvalidRequest;
        }

        // Other names that no topic can have concern nobody but themselves.
        return names.Contains(string.Empty) ? ErrorCode.InvalidTopicException : null;
    }

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic Describe(
        string name,
        TopicImage? topic,
        MetadataImage image,
        int from,
        ref int room,
        DescribeTopicPartitionsResponse response)
    {
        var answer = new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
        {
            Name = name,
            TopicAuthorizedOperations = AuthorizedOperations.AllOnTopic,
        };
        if (topic is null)
        {
            answer.ErrorCode = TopicNames.IsValid(name) ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException;
            return answer;
        }

        answer.TopicId = topic.Id;
        answer.IsInternal = topic.IsInternal;
        for (int i = from; i < topic.Partitions.Length; i++)
        {
            if (room == 0)
            {
                response.NextCursor = new() { TopicName = name, PartitionIndex = i };
                break;
            }

            answer.Partitions.Add(Describe(topic.Partitions[i], image));
            room--;
        }

        return answer;
    }

    private static DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition Describe(PartitionImage partition, MetadataImage image)
    {
        bool alive = partition.HasLeader && image.Brokers.TryGetValue(partition.Leader, out BrokerImage? leader) && !leader.IsFenced;
        return new()
        {
            PartitionIndex = partition.Id,
            LeaderId = alive ? partition.Leader : -1,
            LeaderEpoch = partition.LeaderEpoch.Value,
            ReplicaNodes = [.. partition.Replicas],
            IsrNodes = [.. partition.Isr],
            EligibleLeaderReplicas = [.. partition.EligibleLeaderReplicas],
            LastKnownElr = [.. partition.LastKnownEligibleLeaderReplicas],
            OfflineReplicas = [.. partition.Replicas.Where(id => !image.HasOnline(partition, id))],
        };
    }
}
