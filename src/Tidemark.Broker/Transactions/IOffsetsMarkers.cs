using Tidemark.Primitives;

namespace Tidemark.Broker.Transactions;

/// <summary>
/// Ends transactions at the partitions of <c>__consumer_offsets</c>, whose markers only the group coordinator may write: with the marker
/// the offsets of the transaction take effect in its state.
/// </summary>
public interface IOffsetsMarkers
{
    /// <summary>Writes the marker and completes when it is committed, with the errors that leaders of partitions give.</summary>
    /// <param name="transactionVersion">As in WriteTxnMarkers (KIP-1228).</param>
    ValueTask<ErrorCode> Complete(TopicPartition partition, ProducerId producer, short epoch, int coordinatorEpoch, bool commit, short transactionVersion);
}
