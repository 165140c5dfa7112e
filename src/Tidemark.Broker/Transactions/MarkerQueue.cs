using Tidemark.Broker.Links;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>The markers for one broker: one request under way, the rest gathered for the next.</summary>
/// <param name="write">Sends a request to the broker.</param>
/// <param name="onAnswer">Told of each partition: None, the leader's error, or NetworkException when there was no answer.</param>
/// <param name="onFailure">Told of what should not happen on the way; the markers are sent again.</param>
public sealed class MarkerQueue(
    Func<WriteTxnMarkersRequest, ValueTask<WriteTxnMarkersResponse>> write, Action<EndInProgress, TopicPartition, ErrorCode> onAnswer, Action<Exception> onFailure)
{
    private readonly Lock _lock = new();
    private List<(EndInProgress End, List<TopicPartition> Partitions)> _waiting = [];
    private bool _isSending;

    public void Add(EndInProgress end, List<TopicPartition> partitions)
    {
        bool begins;
        lock (_lock)
        {
            _waiting.Add((end, partitions));
            begins = !_isSending;
            _isSending = true;
        }

        if (begins)
        {
            _ = SendOneAfterAnother();
        }
    }

    private async Task SendOneAfterAnother()
    {
        while (Next() is { } batch)
        {
            WriteTxnMarkersResponse? response = null;
            try
            {
                response = await write(new WriteTxnMarkersRequest { Markers = [.. batch.Select(b => b.End.MarkerFor(b.Partitions))] });
            }
            catch (LinkException)
            {
                // Each partition is looked up again, and its leader asked again.
            }
            catch (Exception e) when (e is not InvariantViolationException)
            {
                // Whatever it was, the queue goes on: with it every transaction at this broker would stay open.
                onFailure(e);
            }

            foreach ((EndInProgress end, List<TopicPartition> partitions) in batch)
            {
                WriteTxnMarkersResponse.WritableTxnMarkerResult? result = response?.Markers.Find(m => m.ProducerId == end.End.Writer.Id.Value);
                foreach (TopicPartition partition in partitions)
                {
                    onAnswer(end, partition, ErrorOf(result, partition));
                }
            }
        }
    }

    private static ErrorCode ErrorOf(WriteTxnMarkersResponse.WritableTxnMarkerResult? result, TopicPartition partition)
    {
        foreach (WriteTxnMarkersResponse.WritableTxnMarkerTopicResult topic in result?.Topics ?? [])
        {
            if (topic.Name == partition.Topic && topic.Partitions.Find(p => p.PartitionIndex == partition.Partition) is { } found)
            {
                return found.ErrorCode;
            }
        }

        return ErrorCode.NetworkException;
    }

    /// <summary>What goes into the next request: every producer once, because answers are found by producer.</summary>
    private List<(EndInProgress End, List<TopicPartition> Partitions)>? Next()
    {
        lock (_lock)
        {
            _waiting.RemoveAll(each => each.End.IsOver);
            if (_waiting.Count == 0)
            {
                _isSending = false;
                return null;
            }

            var batch = new List<(EndInProgress End, List<TopicPartition> Partitions)>(_waiting.Count);
            var left = new List<(EndInProgress End, List<TopicPartition> Partitions)>();
            var producers = new HashSet<ProducerId>();
            foreach ((EndInProgress End, List<TopicPartition> Partitions) each in _waiting)
            {
                (producers.Add(each.End.End.Writer.Id) ? batch : left).Add(each);
            }

            _waiting = left;
            return batch;
        }
    }
}
