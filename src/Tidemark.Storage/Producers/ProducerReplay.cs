using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Producers;

/// <summary>Takes batches that stand in the log into the table of producers: the same on append, in recovery and after a truncation.</summary>
internal static class ProducerReplay
{
    /// <param name="batch">A view of the whole batch if it is a control batch, of its header at least otherwise.</param>
    /// <param name="index">Where an aborted transaction is noted; null when its index already has it.</param>
    /// <param name="transactionVersion">For a marker that this node writes as the leader: as in <see cref="Logs.AppendTerms"/>.</param>
    public static void Apply(ProducerTable producers, StoredBatch batch, Segment? index, short transactionVersion = 0)
    {
        if (!batch.HasProducerId)
        {
            return;
        }

        RecordBatchHeader head = batch.Header;

        if (!head.IsControl)
        {
            producers.Append(head);
        }
        else if (TransactionMarker.TryRead(head, out TransactionMarker marker)
            && producers.AppendMarker(head, marker, transactionVersion) is { } aborted)
        {
            index?.Aborted.Append(aborted);
        }
    }
}
