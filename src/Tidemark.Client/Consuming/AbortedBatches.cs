using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Client.Consuming;

/// <summary>An aborted transaction of a fetched partition: the producer's batches from that offset on, until its marker.</summary>
public readonly record struct AbortedRange(ProducerId Producer, long FirstOffset);

/// <summary>
/// Tells which batches belong to aborted transactions (KIP-98): brokers send those too, with a list of where they begin, and leave it to the reader to drop
/// them. Batches are to be shown in order, control batches too, because a marker is where the producer's aborted transaction ends.
/// </summary>
internal sealed class AbortedBatches(IReadOnlyList<AbortedRange> ranges)
{
    private readonly Queue<AbortedRange> _ahead = new(ranges.OrderBy(range => range.FirstOffset));
    private readonly HashSet<ProducerId> _aborting = [];

    /// <summary>Whether the batch is of an aborted transaction.</summary>
    public bool Has(RecordBatchHeader batch)
    {
        if (_ahead.Count == 0 && _aborting.Count == 0)
        {
            return false;
        }

        while (_ahead.TryPeek(out AbortedRange next) && next.FirstOffset <= batch.LastOffset.Value)
        {
            _aborting.Add(_ahead.Dequeue().Producer);
        }

        if (!batch.IsControl)
        {
            return batch.IsTransactional && _aborting.Contains(batch.ProducerId);
        }

        if (TransactionMarker.TryRead(batch, out TransactionMarker marker) && marker.Aborts)
        {
            _aborting.Remove(batch.ProducerId);
        }

        return false;
    }
}
