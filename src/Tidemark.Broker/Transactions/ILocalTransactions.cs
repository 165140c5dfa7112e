using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>The transaction coordinators of this node, as its own partitions reach them: without a connection.</summary>
public interface ILocalTransactions
{
    /// <summary>Answers a request of version 4 or later.</summary>
    ValueTask<AddPartitionsToTxnResponse> AddPartitions(AddPartitionsToTxnRequest request);
}
