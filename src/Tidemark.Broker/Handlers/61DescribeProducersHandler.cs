using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 61, DescribeProducers: what partitions remember of the idempotent producers that wrote to them (KIP-664). Every replica answers. Of a partition
/// that lies elsewhere it is said so, as clients ask the same broker again about one that they take for not yet known.
/// </summary>
public sealed class DescribeProducersHandler(PartitionRegistry partitions, ClusterState cluster) : MessageHandler<DescribeProducersRequest, DescribeProducersResponse>(ApiKey.DescribeProducers, 0, 0)
{
    protected override DescribeProducersResponse Refusal(DescribeProducersRequest request, ErrorCode error, short version) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new DescribeProducersResponse.TopicResponse
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.PartitionIndexes.Select(index => new DescribeProducersResponse.PartitionResponse { PartitionIndex = index, ErrorCode = error, ErrorMessage = null }),
                ],
            }),
        ],
    };

    protected override ValueTask<DescribeProducersResponse> Answer(DescribeProducersRequest request, Request context)
    {
        var response = new DescribeProducersResponse();
        foreach (DescribeProducersRequest.TopicRequest topic in request.Topics)
        {
            var answer = new DescribeProducersResponse.TopicResponse { Name = topic.Name };
            partitions.TryFind(topic.Name, out TopicPartitions? local);
            foreach (int index in topic.PartitionIndexes)
            {
                answer.Partitions.Add(Describe(topic.Name, index, local?.Find(index)));
            }

            response.Topics.Add(answer);
        }

        return new(response);
    }

    private DescribeProducersResponse.PartitionResponse Describe(string topic, int index, Partition? partition)
    {
        var answer = new DescribeProducersResponse.PartitionResponse { PartitionIndex = index };
        if (!TopicNames.IsValid(topic))
        {
            answer.ErrorCode = ErrorCode.InvalidTopicException;
        }
        else if (partition is null)
        {
            answer.ErrorCode = cluster.Image.Topics.Find(topic)?.Partition(index) is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.NotLeaderOrFollower;
        }
        else
        {
            answer.ErrorCode = partition.DescribeProducers(answer.ActiveProducers);
        }

        return answer;
    }
}
