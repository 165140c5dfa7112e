namespace Tidemark.Coordination.Transactions;

/// <summary>Where the transaction of a transactional id stands. The numbers and names are Kafka's, in records and in answers.</summary>
public enum TransactionState
{
    /// <summary>The producer has its epoch and no transaction.</summary>
    Empty = 0,

    /// <summary>Partitions were added.</summary>
    Ongoing = 1,

    /// <summary>It is decided that the transaction is committed; its partitions are being told.</summary>
    PrepareCommit = 2,

    /// <summary>It is decided that the transaction is aborted; its partitions are being told.</summary>
    PrepareAbort = 3,

    /// <summary>All partitions know.</summary>
    CompleteCommit = 4,

    /// <summary>All partitions know.</summary>
    CompleteAbort = 5,

    /// <summary>The transactional id has expired. Kafka's name for what is on its way out; here the id is gone at once.</summary>
    Dead = 6,

    /// <summary>Kafka's name for an epoch that is raised to fence a producer; here that is one step with <see cref="PrepareAbort"/>.</summary>
    PrepareEpochFence = 7,
}

/// <summary>What the states allow.</summary>
public static class TransactionStates
{
    /// <summary>The end is decided and cannot be changed any more.</summary>
    public static bool IsPrepared(this TransactionState state) => state is TransactionState.PrepareCommit or TransactionState.PrepareAbort;

    /// <summary>Nothing is open: the id may expire, and its producer may begin a transaction.</summary>
    public static bool IsIdle(this TransactionState state) =>
        state is TransactionState.Empty or TransactionState.CompleteCommit or TransactionState.CompleteAbort;

    /// <summary>Whether one state may follow another.</summary>
    public static bool MayFollow(this TransactionState next, TransactionState before) => next switch
    {
        TransactionState.Empty => before.IsIdle(),
        TransactionState.Ongoing => before.IsIdle() || before == TransactionState.Ongoing,
        TransactionState.PrepareCommit => before == TransactionState.Ongoing,

        // From transaction version 2 on a client that does not know how its transaction stands may abort what is not there.
        TransactionState.PrepareAbort => before.IsIdle() || before == TransactionState.Ongoing,
        TransactionState.CompleteCommit => before == TransactionState.PrepareCommit,
        TransactionState.CompleteAbort => before == TransactionState.PrepareAbort,
        _ => false,
    };
}
