using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Transactions;

/// <summary>A transactional batch before its append: where it goes, and what its verification came to.</summary>
/// <param name="partition">Where it is to be appended.</param>
/// <param name="sequence">The batch's first sequence; -1 for a coordinator's own records, which have none.</param>
public sealed class TransactionalWrite(Partition partition, int sequence)
{
    public Partition Partition => partition;

    public int Sequence => sequence;

    /// <summary>None when it may be appended; otherwise an error as AddPartitionsToTxn and the partition give them.</summary>
    public ErrorCode Error { get; internal set; }

    /// <summary>What to append with.</summary>
    public VerificationGuard? Guard { get; internal set; }
}
