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
    protected override ValueTask<DeleteRecordsResponse> Answer(DeleteRecordsRequest request, Request context)
    {
        var response = new DeleteRecordsResponse();
        foreach (DeleteRecordsRequest.DeleteRecordsTopic topic in request.Topics)
        {
            var answer = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic.Name };
            partitions.TryFind(topic.Name, out TopicPartitions? local);
            foreach (DeleteRecordsRequest.DeleteRecordsPartition asked in topic.Partitions)
            {
                Offset low = Offset.Unknown;
                ErrorCode error =
                    InternalTopics.Contains(topic.Name) ? ErrorCode.InvalidTopicException
                    : local?.Find(asked.PartitionIndex) is { } partition ? partition.DeleteRecords(new Offset(asked.Offset), out low)
                    : ErrorCode.UnknownTopicOrPartition;
                answer.Partitions.Add(new() { PartitionIndex = asked.PartitionIndex, ErrorCode = error, LowWatermark = low.Value });
            }

            response.Topics.Add(answer);
        }

        return new(response);
    }
}
