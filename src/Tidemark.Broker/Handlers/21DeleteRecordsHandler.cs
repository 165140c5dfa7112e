using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 21, DeleteRecords: moves the start of partitions up to an offset, −1 being the high watermark (KIP-107).
/// Only topics whose cleanup.policy includes delete allow it. The low watermark answered is the new start: with one replica it holds at once.
/// </summary>
public sealed class DeleteRecordsHandler(PartitionRegistry partitions) : MessageHandler<DeleteRecordsRequest, DeleteRecordsResponse>(ApiKey.DeleteRecords, 0, 2)
{
    protected override DeleteRecordsResponse Refusal(DeleteRecordsRequest request, ErrorCode error, short version) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new DeleteRecordsResponse.DeleteRecordsTopicResult
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new DeleteRecordsResponse.DeleteRecordsPartitionResult
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                        LowWatermark = Offset.Unknown.Value,
                    }),
                ],
            }),
        ],
    };

    protected override ValueTask<DeleteRecordsResponse> Answer(DeleteRecordsRequest request, Request context)
    {
        var response = new DeleteRecordsResponse();
        foreach (IGrouping<string, DeleteRecordsRequest.DeleteRecordsTopic> topic in request.Topics.GroupBy(t => t.Name, StringComparer.Ordinal))
        {
            var answer = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic.Key };
            partitions.TryFind(topic.Key, out TopicPartitions? local);

            // Of a partition that is named twice the last offset counts.
            foreach (IGrouping<int, DeleteRecordsRequest.DeleteRecordsPartition> asked in topic.SelectMany(t => t.Partitions).GroupBy(p => p.PartitionIndex))
            {
                Offset low = Offset.Unknown;
                ErrorCode error =
                    local?.Find(asked.Key) is not { } partition ? ErrorCode.UnknownTopicOrPartition
                    : InternalTopics.Contains(topic.Key) ? ErrorCode.InvalidTopicException
                    : partition.DeleteRecords(new Offset(asked.Last().Offset), out low);
                answer.Partitions.Add(new() { PartitionIndex = asked.Key, ErrorCode = error, LowWatermark = low.Value });
            }

            response.Topics.Add(answer);
        }

        return new(response);
    }
}
