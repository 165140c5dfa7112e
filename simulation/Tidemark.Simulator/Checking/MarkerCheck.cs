using Tidemark.Coordination.Transactions;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Whether every marker tells what a coordinator had decided: for each that stands in a partition, <c>__transaction_state</c> holds that this end was
/// prepared for the producer in the marker's epoch. What was prepared and then lost nobody may have been told. And whether it ends the transaction of
/// which that was decided: from version 2 on the one before the marker's epoch, and no other is begun before it.
/// </summary>
/// <param name="mayLose">Whether committed records of the topics that this depends on may be gone.</param>
public sealed class MarkerCheck(Func<bool> mayLose)
{
    private readonly HashSet<(long Producer, short Epoch, bool Commit)> _prepared = [];

    /// <summary>Those of clients before version 2, which begin and end a transaction in one epoch, and maybe the next one as well.</summary>
    private readonly HashSet<(long Producer, short Epoch, bool Commit)> _preparedInItsEpoch = [];

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
        var open = new Dictionary<long, (short Epoch, long Offset)>();
        foreach (byte[] bytes in StoredBatches.Pieces(log, log.LogStart.Value, log.LogEndOffset.Value))
        {
            var walk = new BatchWalk(bytes);
            while (walk.MoveNext())
            {
                RecordBatchHeader batch = walk.Current;
                if (TransactionMarker.TryRead(batch, out TransactionMarker marker))
                {
                    Compare(id, batch, !marker.Aborts, open);
                    open.Remove(batch.ProducerId.Value);
                }
                else if (batch.IsTransactional && !open.TryAdd(batch.ProducerId.Value, (batch.ProducerEpoch, batch.BaseOffset.Value))
                    && open[batch.ProducerId.Value] is var (epoch, offset) && epoch != batch.ProducerEpoch)
                {
                    Broken(
                        "12 a transaction ends before the next one begins",
                        $"{id}@{batch.BaseOffset} is of epoch {batch.ProducerEpoch} of producer {batch.ProducerId}, whose transaction of epoch {epoch} is open there since {offset}");
                }
            }
        }
    }

    private void Compare(PartitionId id, RecordBatchHeader marker, bool commits, Dictionary<long, (short Epoch, long Offset)> open)
    {
        (long Producer, short Epoch, bool Commit) end = (marker.ProducerId.Value, marker.ProducerEpoch, commits);
        string what = $"{id}@{marker.BaseOffset} tells that a transaction of producer {marker.ProducerId} was {(commits ? "committed" : "aborted")} in epoch {marker.ProducerEpoch}";
        if (!_prepared.Contains(end))
        {
            Broken("12 nobody is told of an end before it is decided", $"{what}, which nobody has prepared");
        }

        if (open.TryGetValue(end.Producer, out (short Epoch, long Offset) begun) && begun.Epoch == end.Epoch && !_preparedInItsEpoch.Contains(end))
        {
            Broken("12 a marker ends no transaction but its own", $"{what}, which ends the one before that epoch; it stands behind records of this epoch, from {begun.Offset} on");
        }
    }

    private void Broken(string rule, string what)
    {
        if (!mayLose())
        {
            throw new BrokenRuleException(rule, what);
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
                var end = (value.ProducerId, value.ProducerEpoch, state == TransactionState.PrepareCommit);
                _prepared.Add(end);
                if (value.ClientTransactionVersion < 2)
                {
                    _preparedInItsEpoch.Add(end);
                }
            }
        }
    }
}
