using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 23, OffsetForLeaderEpoch: where a leadership's records end, for clients that check after a failover whether what they read still stands.
/// v3 the sender's replica id · v4 flexible.
/// </summary>
public sealed class OffsetForLeaderEpochHandler(PartitionRegistry partitions)
    : MessageHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(ApiKey.OffsetForLeaderEpoch, 2, 4)
{
    protected override OffsetForLeaderEpochResponse Refusal(OffsetForLeaderEpochRequest request, ErrorCode error, short version) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult
            {
                Topic = topic.Topic,
                Partitions = [.. topic.Partitions.Select(asked => new OffsetForLeaderEpochResponse.EpochEndOffset { Partition = asked.Partition, ErrorCode = error })],
            }),
        ],
    };

    protected override ValueTask<OffsetForLeaderEpochResponse> Answer(OffsetForLeaderEpochRequest request, Request context)
    {
        var response = new OffsetForLeaderEpochResponse();
        foreach (OffsetForLeaderEpochRequest.OffsetForLeaderTopic topic in request.Topics)
        {
            var answer = new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult { Topic = topic.Topic };
            partitions.TryFind(topic.Topic, out TopicPartitions? local);
            foreach (OffsetForLeaderEpochRequest.OffsetForLeaderPartition asked in topic.Partitions)
            {
                answer.Partitions.Add(AnswerPartition(asked, local));
            }

            response.Topics.Add(answer);
        }

        return new(response);
    }

    private static OffsetForLeaderEpochResponse.EpochEndOffset AnswerPartition(
        OffsetForLeaderEpochRequest.OffsetForLeaderPartition asked,
        TopicPartitions? topic)
    {
        var answer = new OffsetForLeaderEpochResponse.EpochEndOffset { Partition = asked.Partition };
        if (topic?.Find(asked.Partition) is not { } partition)
        {
            answer.ErrorCode = topic?.WhyMissing(asked.Partition) ?? ErrorCode.UnknownTopicOrPartition;
            return answer;
        }

        answer.ErrorCode = partition.FindEpochEnd(new LeaderEpoch(asked.CurrentLeaderEpoch), new LeaderEpoch(asked.LeaderEpoch), out LeaderEpoch epoch, out Offset end);
        answer.LeaderEpoch = epoch.Value;
        answer.EndOffset = end.Value;
        return answer;
    }
}
