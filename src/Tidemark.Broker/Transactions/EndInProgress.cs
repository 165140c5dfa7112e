using Tidemark.Broker.Coordinating;
using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>A transaction whose end is decided, and the partitions that are not known to have been told.</summary>
public sealed class EndInProgress(ShardDriver<TransactionShard> coordinator, SendMarkers end)
{
    private readonly HashSet<TopicPartition> _left = [.. end.Partitions];
    private int _fenced;
    private volatile bool _isOver;

    public ShardDriver<TransactionShard> Coordinator => coordinator;

    public SendMarkers End => end;

    /// <summary>
    /// Somebody else tells the partitions. With clients before version 2 the next transaction may have the same epoch, so that a marker which is sent
    /// after the other one is done would end that.
    /// </summary>
    public bool IsOver => _isOver;

    /// <summary>A partition knows. True when it was the last one.</summary>
    public bool Told(TopicPartition partition)
    {
        lock (_left)
        {
            return _left.Remove(partition) && _left.Count == 0 && !_isOver;
        }
    }

    /// <summary>Nothing more is sent, and nobody hears of what was.</summary>
    public void GiveUp()
    {
        lock (_left)
        {
            _isOver = true;
        }
    }

    /// <summary>True for the first partition that knows a newer coordinator; the log need not say it more than once.</summary>
    public bool SaysFenced() => Interlocked.Exchange(ref _fenced, 1) == 0;

    public WriteTxnMarkersRequest.WritableTxnMarker MarkerFor(IEnumerable<TopicPartition> partitions)
    {
        var marker = new WriteTxnMarkersRequest.WritableTxnMarker
        {
            ProducerId = end.Writer.Id.Value,
            ProducerEpoch = end.Writer.Epoch,
            TransactionResult = end.Commit,
            CoordinatorEpoch = coordinator.Epoch.Value,
            TransactionVersion = (sbyte)end.TransactionVersion,
        };
        foreach (IGrouping<string, TopicPartition> topic in partitions.GroupBy(p => p.Topic))
        {
            marker.Topics.Add(new() { Name = topic.Key, PartitionIndexes = [.. topic.Select(p => p.Partition)] });
        }

        return marker;
    }
}
