using Tidemark.Broker.Cluster;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Transactions;

/// <summary>
/// Sees to it that no transaction is open at a partition of which its coordinator does not know (KIP-890): before the first batch the
/// coordinator is asked whether the partition was added, or to add it. Nobody is asked for the batches after the first.
/// </summary>
public sealed class TransactionVerifier(ClusterState cluster, ITransactionCoordinators coordinators, DelayQueue delays, TimeProvider time)
{
    /// <summary>Fills in each write's guard or error. Complete at once when no coordinator has to be asked.</summary>
    public ValueTask Verify(string transactionalId, ProducerId producer, short epoch, TransactionSupport support, IReadOnlyList<TransactionalWrite> writes)
    {
        bool isRequired = cluster.Config.GetBoolean("transaction.partition.verification.enable");
        bool adds = support == TransactionSupport.AddsPartitions;
        if ((!isRequired && !adds) || Plants.IsOn(Plant.VerificationSkipped))
        {
            foreach (TransactionalWrite write in writes)
            {
                write.Guard = VerificationGuard.NotNeeded;
            }

            return default;
        }

        return Begin(producer, epoch, adds, writes)
            ? new(AskAll(transactionalId, producer, epoch, support, writes, isRequired))
            : default;
    }

    private static bool Begin(ProducerId producer, short epoch, bool adds, IReadOnlyList<TransactionalWrite> writes)
    {
        bool mustAsk = false;
        foreach (TransactionalWrite write in writes)
        {
            write.Error = write.Partition.BeginVerification(producer, epoch, write.Sequence, adds, out VerificationGuard? guard);
            write.Guard = guard;
            mustAsk |= guard is not null;
        }

        return mustAsk;
    }

    private async Task AskAll(
        string transactionalId, ProducerId producer, short epoch, TransactionSupport support, IReadOnlyList<TransactionalWrite> writes, bool isRequired)
    {
        long start = time.GetTimestamp();
        bool adds = support == TransactionSupport.AddsPartitions;
        var patience = TimeSpan.FromMilliseconds(cluster.Config.GetInt("add.partitions.to.txn.retry.backoff.max.ms"));
        while (true)
        {
            TopicPartition[] asked = [.. writes.Where(w => w.Guard is not null).Select(w => w.Partition.Name)];
            IReadOnlyDictionary<TopicPartition, ErrorCode> failed = await coordinators.Add(transactionalId, producer, epoch, support, asked);
            foreach (TransactionalWrite write in writes)
            {
                if (write.Guard is not null && failed.TryGetValue(write.Partition.Name, out ErrorCode error))
                {
                    write.Error = error;
                }
            }

            // The transaction before is still being ended: it is worth a short wait, as its client has begun the next one already.
            if (!adds || !writes.Any(w => w.Error == ErrorCode.ConcurrentTransactions) || time.GetElapsedTime(start) >= patience)
            {
                break;
            }

            await delays.After(TimeSpan.FromMilliseconds(cluster.Config.GetInt("add.partitions.to.txn.retry.backoff.ms")));

            // Its marker may have come meanwhile, and with it the guards lost their worth.
            if (!Begin(producer, epoch, adds, writes))
            {
                break;
            }
        }

        if (!isRequired)
        {
            foreach (TransactionalWrite write in writes)
            {
                write.Guard = VerificationGuard.NotNeeded;
            }
        }
    }
}
