using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Transactions;

/// <summary>A transactional id in a list of them.</summary>
public sealed record ListedTransaction(string TransactionalId, long ProducerId, string State, BrokerId Coordinator);

/// <summary>A transactional id and its transaction.</summary>
/// <param name="StartMs">When the transaction began, in Unix milliseconds; -1 when none is open.</param>
public sealed record TransactionDescription(
    string TransactionalId, BrokerId Coordinator, long ProducerId, short Epoch, string State, int TimeoutMs, long StartMs, IReadOnlyList<TopicPartition> Partitions);

/// <summary>A producer as a partition's leader remembers it.</summary>
/// <param name="TransactionStart">The first offset of its open transaction; -1 when it has none.</param>
public sealed record PartitionProducer(
    TopicPartition Partition, long ProducerId, int Epoch, int CoordinatorEpoch, int LastSequence, long LastTimestampMs, long TransactionStart);

/// <summary>Asks for transactions, and ends those that nobody else ends.</summary>
public static class TransactionQueries
{
    /// <summary>The transactional ids of all coordinators.</summary>
    /// <param name="longerThanMs">Only transactions that are open for longer than that; -1 for all.</param>
    public static async Task<IReadOnlyList<ListedTransaction>> ListTransactionsAsync(
        this ClusterClient cluster,
        IEnumerable<string>? states = null,
        IEnumerable<long>? producers = null,
        long longerThanMs = -1,
        CancellationToken cancellation = default)
    {
        var request = new ListTransactionsRequest { StateFilters = [.. states ?? []], ProducerIdFilters = [.. producers ?? []], DurationFilter = longerThanMs };
        var listed = new List<ListedTransaction>();
        foreach ((BrokerId broker, ListTransactionsResponse response) in await cluster.SendToAllAsync<ListTransactionsResponse>(
            request, r => r.ErrorCode, "Listing the transactions", cancellation))
        {
            if (response.UnknownStateFilters.Count > 0)
            {
                throw new ClientException($"Broker {broker.Value} knows no state {string.Join(", ", response.UnknownStateFilters)}");
            }

            listed.AddRange(response.TransactionStates.Select(t => new ListedTransaction(t.TransactionalId, t.ProducerId, t.TransactionState, broker)));
        }

        return listed;
    }

    /// <summary>The transactional id's state.</summary>
    /// <exception cref="BrokerErrorException">Its coordinator does not know it.</exception>
    public static async Task<TransactionDescription> DescribeTransactionAsync(this ClusterClient cluster, string transactionalId, CancellationToken cancellation = default)
    {
        (DescribeTransactionsResponse response, BrokerId coordinator) = await cluster.AskCoordinatorAsync<DescribeTransactionsResponse>(
            CoordinatorKind.Transaction,
            transactionalId,
            new DescribeTransactionsRequest { TransactionalIds = [transactionalId] },
            r => r.TransactionStates[0].ErrorCode,
            cancellation: cancellation);
        DescribeTransactionsResponse.TransactionStateEntry found = response.TransactionStates[0];
        BrokerErrorException.ThrowIfError(found.ErrorCode, $"Describing transactional id {transactionalId}");
        return new(
            transactionalId,
            coordinator,
            found.ProducerId,
            found.ProducerEpoch,
            found.TransactionState,
            found.TransactionTimeoutMs,
            found.TransactionStartTimeMs,
            [.. found.Topics.SelectMany(t => t.Partitions.Select(p => new TopicPartition(t.Topic, p)))]);
    }

    /// <summary>The producers that the partitions' leaders remember.</summary>
    /// <exception cref="ClientException">A partition has no leader that answers.</exception>
    public static async Task<IReadOnlyList<PartitionProducer>> ProducersAsync(
        this ClusterClient cluster, IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default)
    {
        IReadOnlyDictionary<TopicPartition, LeaderAnswer<IEnumerable<PartitionProducer>>> answers = await cluster.AskLeadersAsync(
            partitions,
            async (leader, led) => Read(await leader.SendAsync<DescribeProducersResponse>(Request(led), cancellation: cancellation)),
            cancellation: cancellation);
        return [.. answers.SelectMany(each => each.Value.Take($"Asking for the producers of {each.Key}"))];
    }

    /// <summary>Writes a marker that aborts the producer's transaction in one partition: for a transaction that its coordinator knows no more.</summary>
    public static async Task AbortAsync(this ClusterClient cluster, PartitionProducer producer, CancellationToken cancellation = default)
    {
        var request = new WriteTxnMarkersRequest
        {
            Markers =
            [
                new()
                {
                    ProducerId = producer.ProducerId,
                    ProducerEpoch = (short)producer.Epoch,

                    // A producer whose transaction never ended here has no coordinator's epoch yet.
                    CoordinatorEpoch = Math.Max(0, producer.CoordinatorEpoch),
                    TransactionResult = false,
                    Topics = [new() { Name = producer.Partition.Topic, PartitionIndexes = [producer.Partition.Partition] }],
                },
            ],
        };
        IReadOnlyDictionary<TopicPartition, LeaderAnswer<bool>> answers = await cluster.AskLeadersAsync<bool>(
            [producer.Partition],
            async (leader, _) =>
            {
                WriteTxnMarkersResponse response = await leader.SendAsync<WriteTxnMarkersResponse>(request, cancellation: cancellation);
                return [KeyValuePair.Create(producer.Partition, new LeaderAnswer<bool>(response.Markers[0].Topics[0].Partitions[0].ErrorCode, true))];
            },
            cancellation: cancellation);
        answers[producer.Partition].Take($"Aborting producer {producer.ProducerId}'s transaction in {producer.Partition}");
    }

    private static DescribeProducersRequest Request(IEnumerable<TopicPartition> led) => new()
    {
        Topics = [.. led.GroupBy(p => p.Topic).Select(t => new DescribeProducersRequest.TopicRequest { Name = t.Key, PartitionIndexes = [.. t.Select(p => p.Partition)] })],
    };

    private static IEnumerable<KeyValuePair<TopicPartition, LeaderAnswer<IEnumerable<PartitionProducer>>>> Read(DescribeProducersResponse response)
    {
        foreach (DescribeProducersResponse.TopicResponse topic in response.Topics)
        {
            foreach (DescribeProducersResponse.PartitionResponse partition in topic.Partitions)
            {
                var name = new TopicPartition(topic.Name, partition.PartitionIndex);
                IEnumerable<PartitionProducer> producers = partition.ActiveProducers.Select(p => new PartitionProducer(
                    name, p.ProducerId, p.ProducerEpoch, p.CoordinatorEpoch, p.LastSequence, p.LastTimestamp, p.CurrentTxnStartOffset));
                yield return KeyValuePair.Create(name, new LeaderAnswer<IEnumerable<PartitionProducer>>(partition.ErrorCode, producers, partition.ErrorMessage));
            }
        }
    }
}
