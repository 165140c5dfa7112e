using Tidemark.Broker.Partitions;
using Tidemark.Broker.Transactions;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Broker.Producing;

/// <summary>The transactional batches of a produce request: verified together, as they are of one producer.</summary>
internal static class TransactionalParts
{
    /// <summary>The first version whose clients understand TRANSACTION_ABORTABLE.</summary>
    private const short WithAbortableErrors = 11;

    /// <summary>The first version whose clients leave it to the broker to add partitions (KIP-890).</summary>
    private const short AddsPartitions = 12;

    /// <summary>
    /// Gives each transactional batch its guard, or its outcome where it may not be appended. Answers what refuses the whole request.
    /// </summary>
    public static ValueTask<ErrorCode> Verify(in ProduceParts parts, short version, TransactionVerifier? verifier)
    {
        (ProducerId Id, short Epoch)? producer = null;
        var places = new List<int>();
        var writes = new List<TransactionalWrite>();
        for (int i = 0; i < parts.Count; i++)
        {
            ref ProducePartition p = ref parts.Partitions[i];
            if (!p.IsTransactional)
            {
                continue;
            }

            var batch = new RecordBatchHeader(p.Records.Span);
            if (producer is { } first && first != (batch.ProducerId, batch.ProducerEpoch))
            {
                return new(ErrorCode.InvalidProducerIdMapping);
            }

            producer = (batch.ProducerId, batch.ProducerEpoch);
            if (p.Partition is { } partition && !InternalTopics.Contains(partition.Name.Topic))
            {
                places.Add(i);
                writes.Add(new TransactionalWrite(partition, batch.BaseSequence));
            }
        }

        if (verifier is null || parts.TransactionalId is not { } id)
        {
            return new(ErrorCode.InvalidProducerIdMapping);
        }

        TransactionSupport support = version >= AddsPartitions ? TransactionSupport.AddsPartitions
            : version >= WithAbortableErrors ? TransactionSupport.AbortableErrors
            : TransactionSupport.OldErrors;
        ValueTask verified = verifier.Verify(id, producer!.Value.Id, producer.Value.Epoch, support, writes);
        if (verified.IsCompletedSuccessfully)
        {
            Take(parts.Partitions, places, writes, support);
            return new(ErrorCode.None);
        }

        return TakeLater(verified, parts.Partitions, places, writes, support);
    }

    private static async ValueTask<ErrorCode> TakeLater(
        ValueTask verified, ProducePartition[] partitions, List<int> places, List<TransactionalWrite> writes, TransactionSupport support)
    {
        await verified;
        Take(partitions, places, writes, support);
        return ErrorCode.None;
    }

    private static void Take(ProducePartition[] partitions, List<int> places, List<TransactionalWrite> writes, TransactionSupport support)
    {
        for (int i = 0; i < writes.Count; i++)
        {
            ref ProducePartition p = ref partitions[places[i]];
            p.Guard = writes[i].Guard;
            if (writes[i].Error != ErrorCode.None)
            {
                p.Outcome = Refused(writes[i].Error, support);
            }
        }
    }

    /// <summary>A coordinator's error as produce requests have it: what passes becomes one that every client tries again after.</summary>
    private static AppendOutcome Refused(ErrorCode error, TransactionSupport support) => error switch
    {
        ErrorCode.InvalidTxnState => AppendOutcome.Failed(error, "The partition was not added to the transaction."),
        ErrorCode.ConcurrentTransactions when support == TransactionSupport.AddsPartitions => AppendOutcome.Failed(error),
        ErrorCode.ConcurrentTransactions
            or ErrorCode.NetworkException
            or ErrorCode.CoordinatorLoadInProgress
            or ErrorCode.CoordinatorNotAvailable
            or ErrorCode.NotCoordinator => AppendOutcome.Failed(
                ErrorCode.NotEnoughReplicas, $"The transaction's coordinator could not be asked about the partition: {error.KafkaName()}."),
        _ => AppendOutcome.Failed(error),
    };
}
