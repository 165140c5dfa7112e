using System.Collections.Immutable;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Transactions;

/// <summary>Transactional ids as records of <c>__transaction_state</c>.</summary>
public static class TransactionRecords
{
    /// <summary>The first transaction version whose records have what came later (KIP-890).</summary>
    private const short WithTags = 1;

    /// <param name="version">The cluster's transaction version: below 1, older brokers must be able to read the record.</param>
    public static CoordinatorRecord Of(TransactionMetadata metadata, short version)
    {
        bool tagged = version >= WithTags;
        var value = new TransactionLogValue
        {
            ProducerId = metadata.ProducerId,
            ProducerEpoch = metadata.Epoch,
            TransactionTimeoutMs = metadata.TimeoutMs,
            TransactionStatus = (sbyte)metadata.State,
            TransactionPartitions = metadata.State == TransactionState.Empty ? null : [.. Topics(metadata.Partitions)],
            TransactionLastUpdateTimestampMs = metadata.UpdatedMs,
            TransactionStartTimestampMs = metadata.StartedMs,
            PreviousProducerId = tagged ? metadata.PreviousProducerId : TransactionMetadata.NoProducerId,
            NextProducerId = tagged ? metadata.NextProducerId : TransactionMetadata.NoProducerId,
            ClientTransactionVersion = tagged ? metadata.ClientVersion : (short)0,
        };
        return new CoordinatorRecord(KeyOf(metadata.Id), value, tagged ? (short)1 : (short)0);
    }

    public static TransactionLogKey KeyOf(string id) => new() { TransactionalId = id };

    public static TransactionMetadata Read(string id, TransactionLogValue value) => new(
        id,
        value.ProducerId,
        value.PreviousProducerId,
        value.NextProducerId,
        value.ProducerEpoch,
        TransactionMetadata.NoEpoch,
        value.TransactionTimeoutMs,
        (TransactionState)value.TransactionStatus,
        (value.TransactionPartitions ?? []).SelectMany(t => t.PartitionIds.Select(p => new TopicPartition(t.Topic, p))).ToImmutableHashSet(),
        value.TransactionStartTimestampMs,
        value.TransactionLastUpdateTimestampMs,
        value.ClientTransactionVersion);

    /// <summary>In the order of their names, so that a run with the same seed writes the same bytes.</summary>
    private static IEnumerable<TransactionLogValue.PartitionsSchema> Topics(ImmutableHashSet<TopicPartition> partitions) =>
        from partition in partitions
        group partition.Partition by partition.Topic into topic
        orderby topic.Key
        select new TransactionLogValue.PartitionsSchema { Topic = topic.Key, PartitionIds = [.. topic.Order()] };
}
