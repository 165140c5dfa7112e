namespace Tidemark.Broker.Transactions;

/// <summary>What a client knows of verified transactions (KIP-890), as the version of its request tells.</summary>
public enum TransactionSupport
{
    /// <summary>It adds partitions itself and knows none of the newer errors.</summary>
    OldErrors,

    /// <summary>It adds partitions itself and understands TRANSACTION_ABORTABLE.</summary>
    AbortableErrors,

    /// <summary>Its first write adds the partition, and every transaction has an epoch of its own (transaction.version 2).</summary>
    AddsPartitions,
}
