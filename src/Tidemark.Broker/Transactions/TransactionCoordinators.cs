using Tidemark.Broker.Cluster;
using Tidemark.Broker.Links;
using Tidemark.Broker.Partitions;
using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>
/// The way from this broker's partitions to the coordinators of transactions, wherever those are. One request at a time goes to each, and
/// what comes up meanwhile goes together in the next.
/// </summary>
public sealed class TransactionCoordinators(ClusterState cluster, NodeLinks links, ILocalTransactions local, string listenerName)
    : ITransactionCoordinators
{
    private readonly Lock _lock = new();
    private readonly Dictionary<BrokerId, CoordinatorQueue> _queues = [];

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> Add(
        string transactionalId, ProducerId producer, short epoch, TransactionSupport support, IReadOnlyList<TopicPartition> partitions)
    {
        var asked = new CoordinatorAsk(transactionalId, producer, epoch, support, partitions);
        if (Find(transactionalId) is { } at)
        {
            QueueOf(at).Add(asked);
        }
        else
        {
            asked.Fail(ErrorCode.CoordinatorNotAvailable);
        }

        return asked.Answer;
    }

    private BrokerId? Find(string transactionalId)
    {
        TopicImage? topic = cluster.Image.Topics.Find(InternalTopics.TransactionState);
        return topic?.Partition(KeyPartition.Of(transactionalId, topic.Partitions.Length)) is { Leader: >= 0 } partition ? new BrokerId(partition.Leader) : null;
    }

    private CoordinatorQueue QueueOf(BrokerId coordinator)
    {
        lock (_lock)
        {
            if (!_queues.TryGetValue(coordinator, out CoordinatorQueue? queue))
            {
                queue = new CoordinatorQueue(request => Ask(coordinator, request));
                _queues.Add(coordinator, queue);
            }

            return queue;
        }
    }

    private ValueTask<AddPartitionsToTxnResponse> Ask(BrokerId coordinator, AddPartitionsToTxnRequest request)
    {
        if (coordinator == cluster.Self)
        {
            return local.AddPartitions(request);
        }

        return cluster.EndpointOf(coordinator, listenerName) is { } at
            ? links.To(new NodeAddress(at.Host, at.Port), "transactions").Send<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(
                request, TimeSpan.FromMilliseconds(cluster.Config.GetInt("request.timeout.ms")), lowestVersion: 4)
            : new(new AddPartitionsToTxnResponse { ErrorCode = ErrorCode.CoordinatorNotAvailable });
    }
}
