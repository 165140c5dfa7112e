using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Compaction;

/// <summary>
/// Follows the transactions while compaction goes through the log in order: which batches belong to an aborted one, and whether a
/// marker still has data before it that this run has seen.
/// </summary>
internal sealed class TransactionFilter(IEnumerable<AbortedTransaction> aborted)
{
    private readonly Queue<AbortedTransaction> _ahead = new(aborted.OrderBy(a => a.FirstOffset));
    private readonly Dictionary<long, (AbortedTransaction Transaction, bool SeenData)> _aborting = [];
    private readonly HashSet<long> _committing = [];

    /// <summary>True for a batch with data of an aborted transaction, which goes.</summary>
    public bool IsAborted(RecordBatchHeader batch)
    {
        TakeIn(batch.LastOffset.Value);
        if (!batch.IsTransactional)
        {
            return false;
        }

        if (_aborting.TryGetValue(batch.ProducerId.Value, out var found))
        {
            _aborting[batch.ProducerId.Value] = (found.Transaction, true);
            return true;
        }

        _committing.Add(batch.ProducerId.Value);
        return false;
    }

    /// <summary>
    /// Takes in a control batch. True when no data of its transaction was seen, so that the marker has nothing left to mark.
    /// </summary>
    /// <param name="kept">An aborted transaction that had data: its entry stays in the index.</param>
    public bool EndsEmpty(RecordBatchHeader batch, out AbortedTransaction? kept)
    {
        kept = null;
        TakeIn(batch.LastOffset.Value);
        if (batch.RecordCount == 0)
        {
            return true;
        }

        if (!TransactionMarker.TryRead(batch, out TransactionMarker marker))
        {
            // Some other control record; not ours to judge.
            return false;
        }

        if (!marker.Aborts)
        {
            return !_committing.Remove(batch.ProducerId.Value);
        }

        if (_aborting.Remove(batch.ProducerId.Value, out var found) && found.SeenData)
        {
            kept = found.Transaction;
            return false;
        }

        return true;
    }

    private void TakeIn(long offset)
    {
        while (_ahead.TryPeek(out AbortedTransaction next) && next.FirstOffset <= offset)
        {
            _ahead.Dequeue();
            _aborting.TryAdd(next.ProducerId, (next, false));
        }
    }
}
