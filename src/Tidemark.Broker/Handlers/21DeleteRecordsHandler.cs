using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 21, DeleteRecords: moves the start of partitions up to an offset, −1 being the high watermark (KIP-107).
/// Only topics whose cleanup.policy includes delete allow it. The answer comes when all replicas that are alive have followed, so that no leader to come gives out what was deleted, or
/// when the request's time is up.
/// </summary>
public sealed class DeleteRecordsHandler(PartitionRegistry partitions, KeptLogStarts starts, DelayQueue delays, BrokerEnvironment environment)
    : MessageHandler<DeleteRecordsRequest, DeleteRecordsResponse>(ApiKey.DeleteRecords, 0, 2)
{
    /// <summary>Followers tell where their logs begin with their fetches, so there is nothing that could call; and few ask for this.</summary>
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(25);

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

    protected override async ValueTask<DeleteRecordsResponse> Answer(DeleteRecordsRequest request, Request context)
    {
        long began = environment.Time.GetTimestamp();
        var response = new DeleteRecordsResponse();
        var waiting = new List<(Partition Partition, Offset Start, DeleteRecordsResponse.DeleteRecordsPartitionResult Answer)>();
        foreach (IGrouping<string, DeleteRecordsRequest.DeleteRecordsTopic> topic in request.Topics.GroupBy(t => t.Name, StringComparer.Ordinal))
        {
            var answer = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = topic.Key };
            partitions.TryFind(topic.Key, out TopicPartitions? local);

            // Of a partition that is named twice the last offset counts.
            foreach (IGrouping<int, DeleteRecordsRequest.DeleteRecordsPartition> asked in topic.SelectMany(t => t.Partitions).GroupBy(p => p.PartitionIndex))
            {
                Offset start = Offset.Unknown;
                Partition? partition = local?.Find(asked.Key);
                ErrorCode error =
                    local is null || asked.Key < 0 || asked.Key >= local.PartitionCount ? ErrorCode.UnknownTopicOrPartition
                    : InternalTopics.Contains(topic.Key) ? ErrorCode.InvalidTopicException
                    : partition is null ? local.WhyMissing(asked.Key)
                    : partition.DeleteRecords(new Offset(asked.Last().Offset), out start);
                var result = new DeleteRecordsResponse.DeleteRecordsPartitionResult { PartitionIndex = asked.Key, ErrorCode = error, LowWatermark = start.Value };
                answer.Partitions.Add(result);
                if (error == ErrorCode.None)
                {
                    waiting.Add((partition!, start, result));
                }
            }

            response.Topics.Add(answer);
        }

        await starts.Keep([.. waiting.Select(each => each.Partition.Log).OfType<PartitionLog>()]);
        while (true)
        {
            waiting.RemoveAll(each => IsDecided(each.Partition, each.Start, each.Answer));
            if (waiting.Count == 0)
            {
                return response;
            }

            if (environment.Time.GetElapsedTime(began).TotalMilliseconds >= request.TimeoutMs)
            {
                waiting.ForEach(each => each.Answer.ErrorCode = ErrorCode.RequestTimedOut);
                return response;
            }

            await delays.After(s_lookEvery);
        }
    }

    private static bool IsDecided(Partition partition, Offset start, DeleteRecordsResponse.DeleteRecordsPartitionResult answer)
    {
        ErrorCode error = partition.FindLowWatermark(out Offset low);
        (answer.ErrorCode, answer.LowWatermark) = (error, low.Value);
        return error != ErrorCode.None || low >= start;
    }
}
