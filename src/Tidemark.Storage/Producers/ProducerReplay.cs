using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Producers;

/// <summary>Takes batches that stand in the log into the table of producers: the same on append, in recovery and after a truncation.</summary>
internal static class ProducerReplay
{
    /// <param name="batch">All of the batch if it is a control batch, at least the header otherwise.</param>
    /// <param name="index">Where an aborted transaction is noted; null when its index already has it.</param>
    public static void Apply(ProducerTable producers, ReadOnlySpan<byte> batch, BatchHead head, Segment? index)
    {
        if (!head.HasProducerId)
        {
            return;
        }

        if (!head.IsControl)
        {
            producers.Append(head);
        }
        else if (TransactionMarker.TryRead(batch, out TransactionMarker marker)
            && producers.AppendMarker(head, marker.Aborts, marker.CoordinatorEpoch) is { } aborted)
        {
            index?.Aborted.Append(aborted);
        }
    }
}
