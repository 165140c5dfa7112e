using Tidemark.Broker.Cluster;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>
/// Writes the markers of transactions that ended into the partitions that this broker leads, whoever their coordinator is. Those for
/// <c>__consumer_offsets</c> are written by the group coordinator.
/// </summary>
/// <param name="offsets">Null where there are no group coordinators: nobody leads those partitions then.</param>
public sealed class MarkerWriter(PartitionRegistry partitions, ClusterState cluster, DelayQueue delays, TimeProvider time, IOffsetsMarkers? offsets)
{
    /// <summary>Appends all markers and answers when each is committed or refused, or when <c>request.timeout.ms</c> is over.</summary>
    public async ValueTask<WriteTxnMarkersResponse> Write(WriteTxnMarkersRequest request)
    {
        var writes = new MarkerWrites(time);
        var ofOffsets = new List<(int Place, ValueTask<ErrorCode> Error)>();
        foreach (WriteTxnMarkersRequest.WritableTxnMarker marker in request.Markers)
        {
            foreach (WriteTxnMarkersRequest.WritableTxnMarkerTopic topic in marker.Topics)
            {
                foreach (int index in topic.PartitionIndexes)
                {
                    Begin(marker, new TopicPartition(topic.Name, index), writes, ofOffsets);
                }
            }
        }

        ErrorCode[] errors = [.. await writes.Committed(delays, TimeSpan.FromMilliseconds(cluster.Config.GetInt("request.timeout.ms")))];
        foreach ((int place, ValueTask<ErrorCode> error) in ofOffsets)
        {
            errors[place] = await error;
        }

        int next = 0;
        return Respond(request, () => errors[next++]);
    }

    /// <summary>The response with an error for each partition, asked for in their order.</summary>
    public static WriteTxnMarkersResponse Respond(WriteTxnMarkersRequest request, Func<ErrorCode> next)
    {
        var response = new WriteTxnMarkersResponse();
        foreach (WriteTxnMarkersRequest.WritableTxnMarker marker in request.Markers)
        {
            var result = new WriteTxnMarkersResponse.WritableTxnMarkerResult { ProducerId = marker.ProducerId };
            foreach (WriteTxnMarkersRequest.WritableTxnMarkerTopic topic in marker.Topics)
            {
                var answer = new WriteTxnMarkersResponse.WritableTxnMarkerTopicResult { Name = topic.Name };
                foreach (int index in topic.PartitionIndexes)
                {
                    answer.Partitions.Add(new() { PartitionIndex = index, ErrorCode = next() });
                }

                result.Topics.Add(answer);
            }

            response.Markers.Add(result);
        }

        return response;
    }

    private void Begin(WriteTxnMarkersRequest.WritableTxnMarker marker, TopicPartition name, MarkerWrites writes, List<(int Place, ValueTask<ErrorCode> Error)> ofOffsets)
    {
        var producer = new ProducerId(marker.ProducerId);
        if (partitions.Find(name) is not { } partition)
        {
            writes.Add(ErrorCode.UnknownTopicOrPartition);
        }
        else if (name.Topic != InternalTopics.ConsumerOffsets)
        {
            writes.Append(partition, producer, marker.ProducerEpoch, marker.CoordinatorEpoch, marker.TransactionResult, marker.TransactionVersion);
        }
        else if (offsets is null)
        {
            writes.Add(ErrorCode.NotLeaderOrFollower);
        }
        else
        {
            ValueTask<ErrorCode> error = offsets.Complete(
                name, producer, marker.ProducerEpoch, marker.CoordinatorEpoch, marker.TransactionResult, marker.TransactionVersion);
            ofOffsets.Add((writes.Add(ErrorCode.None), error));
        }
    }
}
