using Tidemark.Primitives;

namespace Tidemark.Coordination.Transactions;

/// <summary>
/// Have the partitions told how a transaction ended, each by its leader, again and again until it did; then say so by
/// <see cref="TransactionShard.OnMarkersWritten"/>. The decision is committed.
/// </summary>
/// <param name="Writer">The producer, in the epoch in which the transaction ends.</param>
/// <param name="TransactionVersion">As in WriteTxnMarkers (KIP-1228).</param>
public sealed record SendMarkers(
    string TransactionalId, TransactionalWriter Writer, bool Commit, IReadOnlyCollection<TopicPartition> Partitions, short TransactionVersion) : ShardEffect;

/// <summary>
/// Have a producer id that nobody has brought to <see cref="TransactionShard.AbortLate(TakeProducerId, ProducerId, ShardTime)"/>: a transaction was open for
/// too long, and no epoch is left for its producer.
/// </summary>
/// <param name="Writer">The producer, in the epoch of that transaction.</param>
/// <param name="StartedMs">When the transaction began: clients before version 2 have several in one epoch.</param>
public sealed record TakeProducerId(string TransactionalId, TransactionalWriter Writer, long StartedMs) : ShardEffect;

/// <summary>What a producer's request came to.</summary>
/// <param name="ProducerId">-1 where there is none to tell.</param>
/// <param name="Epoch">-1 where there is none to tell.</param>
/// <param name="NeedsProducerId">Nothing was decided, for want of a new producer id: the same request may come again with one.</param>
public sealed record TransactionOutcome(ErrorCode Error, long ProducerId = -1, short Epoch = -1, bool NeedsProducerId = false)
{
    public static TransactionOutcome Success { get; } = new(ErrorCode.None);

    public static TransactionOutcome WantsProducerId { get; } = new(ErrorCode.None, NeedsProducerId: true);
}
