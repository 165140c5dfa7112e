using Tidemark.Primitives;
using Tidemark.Replication;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Partitions;

public sealed partial class Partition
{
    /// <summary>
    /// Appends a batch that was checked already (<see cref="ProducedBatch"/>) and tries to commit it. Offsets and epoch are stamped into
    /// the bytes in place.
    /// </summary>
    /// <param name="acksAll">Refuse before writing when too few replicas are in sync.</param>
    /// <param name="terms">Who appends, a client unless said otherwise, and what he brings for the check of transactions.</param>
    /// <param name="expected">The leadership in whose name the writer writes; in another one nothing is appended. Null for any.</param>
    public AppendOutcome Append(
        Memory<byte> batch, long logAppendTimeMs, bool acksAll, in AppendTerms terms = default, LeaderEpoch? expected = null)
    {
        Wakeups wake = default;
        AppendResult result;
        PartitionLog log;
        LeaderEpoch epoch;
        lock (_lock)
        {
            ErrorCode error = CheckServing(out log, out PartitionLeader leader);
            if (error != ErrorCode.None)
            {
                return AppendOutcome.Failed(error);
            }

            if (expected is { } written && written != leader.Epoch)
            {
                return AppendOutcome.Failed(ErrorCode.NotLeaderOrFollower);
            }

            error = leader.CheckAppend(acksAll);
            if (error != ErrorCode.None)
            {
                return AppendOutcome.Refused(error, log.LogStart);
            }

            epoch = leader.Epoch;
            result = log.AppendAsLeader(batch.Span, epoch, terms);
            if (result.Error == ErrorCode.None && !result.Duplicate)
            {
                wake = leader.OnAppend(result.End, _services.Now)
                    ? PublishHighWatermark(batch.Length)
                    : new Wakeups(_waiters.TakeReplicas(batch.Length), null);
            }
        }

        wake.Run();
        if (result.Error != ErrorCode.None)
        {
            // The log has told of its failed disk itself; its directory goes offline.
            return result.Error == ErrorCode.KafkaStorageError
                ? AppendOutcome.Failed(result.Error)
                : AppendOutcome.Refused(result.Error, log.LogStart);
        }

        return new AppendOutcome(
            ErrorCode.None,
            result.First,
            result.Duplicate ? result.DuplicateTimestamp : logAppendTimeMs,
            log.LogStart,
            result.Duplicate && Plants.IsOn(Plant.DuplicateNotAwaited) ? log.LogStart : result.Last + 1,
            epoch);
    }

    /// <summary>
    /// Begins to verify that a transaction's coordinator knows of its writes here (KIP-890). No guard when the transaction is open here
    /// already; otherwise its first batch is appended with the guard, once the coordinator has agreed.
    /// </summary>
    public ErrorCode BeginVerification(ProducerId producer, short producerEpoch, int sequence, bool addsPartition, out VerificationGuard? guard)
    {
        guard = null;
        lock (_lock)
        {
            ErrorCode error = CheckServing(out PartitionLog log, out _);
            return error != ErrorCode.None ? error : log.BeginVerification(producer, producerEpoch, sequence, addsPartition, out guard);
        }
    }

    /// <summary>
    /// How a write that ends at <paramref name="end"/> stands: an answer at once, or null and the listener hears later. A duplicate waits
    /// for the original's end like the original does.
    /// </summary>
    /// <param name="epoch">
    /// The leader epoch of the append. A leadership that was lost and won again in between may have cut the batch off and committed others at
    /// its offsets, so in another epoch nothing is known of it.
    /// </param>
    public ErrorCode? AwaitCommit(Offset end, LeaderEpoch epoch, ICommitListener listener, int slot)
    {
        lock (_lock)
        {
            ErrorCode error = CheckServing(out _, out PartitionLeader leader);
            if (error != ErrorCode.None)
            {
                return error;
            }

            if (leader.Epoch != epoch)
            {
                return ErrorCode.NotLeaderOrFollower;
            }

            ErrorCode? decided = leader.Acknowledge(end);
            if (decided is null)
            {
                _waiters.Add(end, listener, slot);
            }

            return decided;
        }
    }

    /// <summary>The listener's time is up.</summary>
    internal void StopAwaiting(ICommitListener listener)
    {
        lock (_lock)
        {
            _waiters.Remove(listener);
        }
    }
}
