using Tidemark.Coordination.Transactions;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Whether every marker tells what a coordinator had decided: for each that stands in a partition, <c>__transaction_state</c> holds that this end was
/// prepared for the producer in the marker's epoch. What was prepared and then lost nobody may have been told.
/// </summary>
/// <param name="mayLose">Whether committed records of the topics that this depends on may be gone.</param>
internal sealed class MarkerCheck(Func<bool> mayLose)
{
    private readonly HashSet<(long Producer, short Epoch, bool Commit)> _prepared = [];

    /// <summary>Notes what the leader's log of one partition of <c>__transaction_state</c> holds; it must never have been compacted.</summary>
    public void Learn(PartitionLog decisions)
    {
        foreach (byte[] bytes in StoredBatches.Pieces(decisions, decisions.LogStart.Value, decisions.LogEndOffset.Value))
        {
            var walk = new BatchWalk(bytes);
            while (walk.MoveNext())
            {
                if (!walk.Current.IsControl)
                {
                    Learn(walk.Current);
                }
            }
        }
    }

    /// <summary>Looks at the markers in the leader's log of a partition, when all decisions are known.</summary>
    public void Compare(PartitionId id, PartitionLog log)
    {
        foreach (byte[] bytes in StoredBatches.Pieces(log, log.LogStart.Value, log.LogEndOffset.Value))
        {
            var walk = new BatchWalk(bytes);
            while (walk.MoveNext())
            {
                RecordBatchHeader batch = walk.Current;
                if (batch.IsControl && TransactionMarker.TryRead(batch, out TransactionMarker marker)
                    && !_prepared.Contains((batch.ProducerId.Value, batch.ProducerEpoch, !marker.Aborts)) && !mayLose())
                {
                    throw new BrokenRuleException(
                        "12 nobody is told of an end before it is decided",
                        $"{id}@{batch.BaseOffset} tells that a transaction of producer {batch.ProducerId} was {(marker.Aborts ? "aborted" : "committed")} in epoch {batch.ProducerEpoch}, which nobody has prepared");
                }
            }
        }
    }

    private void Learn(RecordBatchHeader batch)
    {
        using BatchPayload payload = BatchPayload.Open(batch);
        var reader = new RecordReader(batch, payload.Bytes);
        while (reader.MoveNext(out RecordView record))
        {
            ICoordinatorKey key = CoordinatorRecordFrame.ReadKey(CoordinatorLog.Transactions, record.Key.ToArray() ?? []);
            if (key is TransactionLogKey && record.Value.ToArray() is { } bytes
                && CoordinatorRecordFrame.ReadValue(CoordinatorLog.Transactions, key.RecordType, bytes) is TransactionLogValue value
                && (TransactionState)value.TransactionStatus is (TransactionState.PrepareCommit or TransactionState.PrepareAbort) and var state)
            {
                _prepared.Add((value.ProducerId, value.ProducerEpoch, state == TransactionState.PrepareCommit));
            }
        }
    }
}
