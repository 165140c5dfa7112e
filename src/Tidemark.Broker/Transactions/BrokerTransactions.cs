using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Handlers;
using Tidemark.Broker.Links;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Coordination.Transactions;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Protocol;
using Tidemark.Records;

namespace Tidemark.Broker.Transactions;

/// <summary>All of transactions on one broker, put together: coordinators, the ends that they decide, and what its partitions ask of them.</summary>
public sealed class BrokerTransactions
{
    private readonly Coordinators<TransactionShard> _coordinators;
    private readonly TransactionService _service;
    private readonly MarkerWriter _markers;
    private readonly ClusterState _cluster;

    /// <param name="listenerName"><c>inter.broker.listener.name</c></param>
    /// <param name="offsets">Null where there are no group coordinators.</param>
    public BrokerTransactions(
        BrokerEnvironment environment,
        ClusterState cluster,
        PartitionRegistry partitions,
        NodeLinks links,
        DelayQueue delays,
        ProducerIdBlocks producerIds,
        string listenerName,
        IOffsetsMarkers? offsets)
    {
        _cluster = cluster;
        ILogger log = environment.Logs.CreateLogger("Tidemark.Transactions");
        _markers = new MarkerWriter(partitions, cluster, delays, environment.Time, offsets);
        var sender = new MarkerSender(cluster, links, _markers, listenerName, delays, IsCurrent, log);
        var services = new ShardServices<TransactionShard>(
            CoordinatorLog.Transactions,
            view => new TransactionShard(view),
            environment,
            delays,
            () => CompressionCodec.None,
            TimeSpan.FromMilliseconds(cluster.Config.GetInt("request.timeout.ms")),
            log)
        {
            OnEffect = (coordinator, effect) =>
            {
                if (effect is SendMarkers end)
                {
                    sender.Send(coordinator, end);
                }
                else if (effect is TakeProducerId late)
                {
                    _ = _service!.AbortLate(coordinator, late);
                }
            },
        };
        _coordinators = new Coordinators<TransactionShard>(InternalTopics.TransactionState, cluster, partitions, services);
        _service = new TransactionService(_coordinators, cluster, producerIds, log);
        Verifier = new TransactionVerifier(cluster, new TransactionCoordinators(cluster, links, _service, listenerName), delays, environment.Time);
    }

    /// <summary>What is asked before the first write of a transaction.</summary>
    public TransactionVerifier Verifier { get; }

    /// <summary>The coordinators that have read their partitions.</summary>
    public IEnumerable<CoordinatorStanding> Working => _coordinators.Working;

    public IEnumerable<IRequestHandler> Handlers() =>
    [
        new InitProducerIdHandler(_service),
        new AddPartitionsToTxnHandler(_service),
        new AddOffsetsToTxnHandler(_service, _cluster),
        new EndTxnHandler(_service),
        new WriteTxnMarkersHandler(_markers),
        new DescribeTransactionsHandler(_service),
        new ListTransactionsHandler(_service),
    ];

    /// <summary>Follows the metadata, after the partitions do.</summary>
    public void Publish(MetadataImage image, BrokerConfig config) => _coordinators.Publish(image, config);

    public void Stop() => _coordinators.Stop();

    private bool IsCurrent(ShardDriver<TransactionShard> coordinator) =>
        ReferenceEquals(_coordinators.Find(coordinator.Partition.Name.Partition), coordinator);
}
