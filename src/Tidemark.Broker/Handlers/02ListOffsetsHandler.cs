using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 2, ListOffsets: the offset of a time, or of a special place that negative times stand for.
/// v2 isolation level · v4 leader epochs · v7 −3, the record with the largest timestamp (KIP-734) · v8 −4, the local start (KIP-405) ·
/// v9 −5, the last tiered offset (KIP-1005) · v10 a timeout, of use with tiered storage only · v11 −6, the first offset not yet tiered (KIP-1023).
/// Nothing is tiered here: −4 is the start of the log, −5 and −6 find nothing.
/// </summary>
public sealed class ListOffsetsHandler(PartitionRegistry partitions) : MessageHandler<ListOffsetsRequest, ListOffsetsResponse>(ApiKey.ListOffsets, 1, 11)
{
    private const int ConsumerId = -1;

    /// <summary>A tool that compares replicas: it is told by any of them what its own log has.</summary>
    private const int DebuggingId = -2;

    protected override ListOffsetsResponse Refusal(ListOffsetsRequest request, ErrorCode error, short version) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
            {
                Name = topic.Name,
                Partitions = [.. topic.Partitions.Select(partition => Failed(partition.PartitionIndex, error))],
            }),
        ],
    };

    protected override ValueTask<ListOffsetsResponse> Answer(ListOffsetsRequest request, Request context)
    {
        var response = new ListOffsetsResponse();
        foreach (ListOffsetsRequest.ListOffsetsTopic topic in Merged(request.Topics))
        {
            response.Topics.Add(AnswerTopic(request, topic, context.ApiVersion));
        }

        return new(response);
    }

    /// <summary>A topic that comes twice is one, so that a partition which comes twice is found out wherever it stands.</summary>
    private static IEnumerable<ListOffsetsRequest.ListOffsetsTopic> Merged(List<ListOffsetsRequest.ListOffsetsTopic> topics) =>
        topics.Count < 2
            ? topics
            : topics.GroupBy(topic => topic.Name, StringComparer.Ordinal).Select(same => new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = same.Key,
                Partitions = [.. same.SelectMany(topic => topic.Partitions)],
            });

    private ListOffsetsResponse.ListOffsetsTopicResponse AnswerTopic(ListOffsetsRequest request, ListOffsetsRequest.ListOffsetsTopic asked, short version)
    {
        var answer = new ListOffsetsResponse.ListOffsetsTopicResponse { Name = asked.Name };
        partitions.TryFind(asked.Name, out TopicPartitions? topic);
        HashSet<int>? seen = asked.Partitions.Count > 1 ? [] : null;
        HashSet<int> twice = [];
        foreach (ListOffsetsRequest.ListOffsetsPartition p in asked.Partitions)
        {
            if (seen is not null && !seen.Add(p.PartitionIndex))
            {
                twice.Add(p.PartitionIndex);
            }
        }

        foreach (ListOffsetsRequest.ListOffsetsPartition p in asked.Partitions)
        {
            if (twice.Contains(p.PartitionIndex))
            {
                if (seen!.Remove(p.PartitionIndex))
                {
                    answer.Partitions.Add(Failed(p.PartitionIndex, ErrorCode.InvalidRequest));
                }

                continue;
            }

            answer.Partitions.Add(AnswerPartition(request, p, topic, version));
        }

        return answer;
    }

    private static ListOffsetsResponse.ListOffsetsPartitionResponse AnswerPartition(
        ListOffsetsRequest request,
        ListOffsetsRequest.ListOffsetsPartition asked,
        TopicPartitions? topic,
        short version)
    {
        if (request.IsolationLevel is not (0 or 1))
        {
            return Failed(asked.PartitionIndex, ErrorCode.InvalidRequest);
        }

        if (asked.Timestamp < 0 && version < FirstVersionOf(asked.Timestamp))
        {
            return Failed(asked.PartitionIndex, ErrorCode.UnsupportedVersion);
        }

        if (topic?.Find(asked.PartitionIndex) is not { } partition)
        {
            return Failed(asked.PartitionIndex, topic?.WhyMissing(asked.PartitionIndex) ?? ErrorCode.UnknownTopicOrPartition);
        }

        ReadLimit limit = request.ReplicaId != ConsumerId ? ReadLimit.LogEnd
            : request.IsolationLevel == 1 ? ReadLimit.LastStableOffset
            : ReadLimit.HighWatermark;
        FoundOffset found = partition.FindOffset(asked.Timestamp, limit, new LeaderEpoch(asked.CurrentLeaderEpoch), ofAnyReplica: request.ReplicaId == DebuggingId);
        if (found.Error != ErrorCode.None)
        {
            // Before version 5 clients do not know the code and take this one for "ask again".
            ErrorCode error = found.Error == ErrorCode.OffsetNotAvailable && version < 5 ? ErrorCode.LeaderNotAvailable : found.Error;
            return Failed(asked.PartitionIndex, error);
        }

        return new()
        {
            PartitionIndex = asked.PartitionIndex,
            Timestamp = found.Timestamp,
            Offset = found.Offset.Value,
            LeaderEpoch = version >= 4 ? found.Epoch.Value : -1,
        };
    }

    private static short FirstVersionOf(long special) => special switch
    {
        OffsetTimes.Latest or OffsetTimes.Earliest => 1,
        OffsetTimes.MaxTimestamp => 7,
        OffsetTimes.EarliestLocal => 8,
        OffsetTimes.LatestTiered => 9,
        OffsetTimes.EarliestPendingUpload => 11,
        _ => short.MaxValue,
    };

    private static ListOffsetsResponse.ListOffsetsPartitionResponse Failed(int partition, ErrorCode error) =>
        new() { PartitionIndex = partition, ErrorCode = error };
}
