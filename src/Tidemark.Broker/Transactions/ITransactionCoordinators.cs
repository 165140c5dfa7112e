using Tidemark.Primitives;

namespace Tidemark.Broker.Transactions;

/// <summary>The coordinators of transactions, wherever they are.</summary>
public interface ITransactionCoordinators
{
    /// <summary>Adds partitions to a transaction, or verifies that they were added. Answers the errors of those for which that failed.</summary>
    Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> Add(
        string transactionalId, ProducerId producer, short epoch, TransactionSupport support, IReadOnlyList<TopicPartition> partitions);
}
