using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Handlers;
using Tidemark.Broker.Links;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Replicating;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Transactions;
using Tidemark.Coordination.Groups;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Records;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Broker;

/// <summary>
/// A broker, put together: recovers its logs, takes part in the metadata, serves connections, and stops in good order. It owns no socket:
/// whoever has connections hands them to <see cref="Acceptor"/>.
/// </summary>
public sealed partial class BrokerNode : INode
{
    private const int PostsMax = 64;

    /// <summary>The value of <c>replica.selector.class</c> that sends consumers to replicas of their rack: Kafka's name for it.</summary>
    private const string RackAwareSelector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

    private readonly BrokerEnvironment _environment;
    private readonly BrokerOptions _options;
    private readonly IMetadataQuorum _quorum;
    private readonly StorageListener _storage;
    private readonly DelayQueue _delays;
    private readonly Housekeeping _housekeeping;
    private readonly KeptLogStarts _logStarts;
    private readonly NodeLinks _links;
    private readonly ReplicaFetchers _fetchers;
    private readonly ReplicaMover _mover;
    private readonly DirectoryAssignments _assignments;
    private readonly MetadataPublisher _publisher;
    private readonly Coordinators<GroupShard> _groups;
    private readonly EarlierLeaderships _earlierGroups;
    private readonly BrokerTransactions _transactions;
    private readonly ILogger _log;
    private readonly TaskCompletionSource<string> _failed = new();
    private long _brokerEpoch = -1;
    private bool _published;
    private bool _isLoaded;

    /// <summary>What the controller was told last; null before this broker is registered.</summary>
    private Uuid[]? _cordoned;

    /// <param name="directories">Opened, locked and formatted.</param>
    /// <param name="quorum">The metadata quorum's driver.</param>
    /// <param name="moreHandlers">Handlers of the APIs that are not about this broker's partitions.</param>
    public BrokerNode(
        BrokerEnvironment environment,
        BrokerOptions options,
        IReadOnlyList<LogDirectory> directories,
        IMetadataQuorum quorum,
        Func<BrokerNode, NodeHandlers> moreHandlers)
    {
        _environment = environment;
        _options = options;
        _quorum = quorum;
        _log = environment.Logs.CreateLogger("Tidemark.Broker");
        _storage = new StorageListener(environment.Background, environment.Logs.CreateLogger("Tidemark.Storage"));
        _delays = new DelayQueue(environment.Time);
        Cluster = new ClusterState(options.ClusterId, options.Node, options.Config)
        {
            KRaftVersion = () => quorum.KRaftVersion,
            Silence = new LeaderSilence(environment.Time, options.Config),
        };
        Partitions = new PartitionRegistry();
        Directories = new LogDirectories(
            new LogSurroundings(environment.Disk, environment.Time, _storage, environment.LogFiles),
            directories,
            environment.NewId)
        {
            FileDeleteDelayMs = options.Config.GetLong("log.segment.delete.delay.ms"),
        };
        var throttles = new ReplicationThrottles(Cluster, options.Config, environment.Time);
        _mover = new ReplicaMover(Directories, environment.Background, _delays, throttles.Directories, _log);
        _logStarts = new KeptLogStarts(Directories, environment.Background);
        _housekeeping = new Housekeeping(environment, Cluster, Partitions, Directories, _delays, _log);
        var services = new PartitionServices(
            options.Node,
            environment.Time,
            TimeSpan.FromMilliseconds(options.Config.GetLong("replica.lag.time.max.ms")),
            Cluster,
            new IsrChanges(Cluster, quorum, _delays, environment.Logs.CreateLogger("Tidemark.Replication")),
            quorum.Lease)
        {
            Throttles = throttles,
            LeaseMax = TimeSpan.FromMilliseconds(options.Config.GetInt("broker.session.timeout.ms")),
        };
        _links = new NodeLinks(environment, new LinkOptions());
        _fetchers = new ReplicaFetchers(new FetcherServices(
            environment,
            Cluster,
            _links,
            _delays,
            _logStarts,
            ReplicaFetchOptions.Of(options.Config),
            options.InterBrokerListenerName,
            environment.Logs.CreateLogger("Tidemark.Replication")));
        _assignments = new DirectoryAssignments(Cluster, quorum, _delays, environment.Logs.CreateLogger("Tidemark.Membership"));
        _mover.OnMoved = OnMoved;
        _mover.IsCompacting = _housekeeping.IsCompacting;
        _publisher = new MetadataPublisher(Cluster, options.Config, Partitions, Directories, services, _fetchers, _assignments, _housekeeping.RemoveDeletedLater, _log);
        _groups = new Coordinators<GroupShard>(
            InternalTopics.ConsumerOffsets,
            Cluster,
            Partitions,
            new ShardServices<GroupShard>(
                CoordinatorLog.Groups,
                view => new GroupShard(view),
                environment,
                _delays,
                () => (CompressionCodec)Cluster.Config.GetInt("offsets.topic.compression.codec"),
                TimeSpan.FromMilliseconds(options.Config.GetInt("offsets.commit.timeout.ms")),
                environment.Logs.CreateLogger("Tidemark.Groups")));
        _earlierGroups = new EarlierLeaderships(InternalTopics.ConsumerOffsets, options.Node, environment.Time);
        _transactions = new BrokerTransactions(
            environment, Cluster, Partitions, _links, _delays, new ProducerIdBlocks(Cluster, quorum), options.InterBrokerListenerName, new OffsetsMarkers(_groups));
        _storage.OnRolled = _housekeeping.OnRolled;
        _storage.OnDirectoryFailed = OnDirectoryFailed;
        NodeHandlers more = moreHandlers(this);
        Table = new DispatchTable([.. OwnHandlers(), .. more.ForClients]);
        ControllerTable = new DispatchTable(more.ForControllers);
        Acceptor = new BrokerAcceptor(Table, ControllerTable, options.Config.GetList("controller.listener.names"), environment.Logs, environment.Time);
    }

    public BrokerAcceptor Acceptor { get; }

    public DispatchTable Table { get; }

    public IReadOnlyList<ServedApi> Served => Table.Served;

    public IReadOnlyList<ServedApi> ServedToNodes => ControllerTable.Served;

    /// <summary>What the controller's listeners serve.</summary>
    public DispatchTable ControllerTable { get; }

    public ClusterState Cluster { get; }

    public PartitionRegistry Partitions { get; }

    public LogDirectories Directories { get; }

    /// <summary>Completes when no log directory is left.</summary>
    public Task<string> Failed => _failed.Task;

    /// <summary>Recovers the logs, catches up with the metadata and registers.</summary>
    /// <exception cref="IOException">No directory could be used.</exception>
    public async Task Start()
    {
        // What is missing from a log is damage or the work of compaction: only the topic's configuration tells which.
        MetadataImage known = _quorum.Load();
        _earlierGroups.Remember(known);
        await RunAll("load", Directories.BeginLoading(_publisher.OptionsOfLogs(known), (partition, id) => known.Topics.Find(partition.Topic)?.Id == id));
        if (Directories.All.All(d => d.IsOffline))
        {
            throw new IOException("No log directory can be used.");
        }

        _isLoaded = true;
        _quorum.Start(Publish);
        OnLoaded();
        _brokerEpoch = await _quorum.Register(
            new LocalBroker(
                _options.Endpoints(),
                _options.Config.Find("broker.rack")?.Text,
                [.. Directories.All.Where(d => !d.IsOffline).Select(d => d.Id)],
                Directories.CleanShutdownEpoch ?? -1),
            () =>
            {
                _earlierGroups.Open();
                OnReady();
            });
        _cordoned = Cluster.Image.Brokers.TryGetValue(_options.Node.Value, out BrokerImage? self) ? [.. self.CordonedDirectories ?? []] : [];
        TellCordoned();
        _mover.ResumeAll(Partitions);
        _housekeeping.Start();
    }

    public Action OnLoaded { get; set; } = () => { };

    public Action OnReady { get; set; } = () => { };

    /// <summary>
    /// Gives what this node leads, partitions and the quorum, to others where there are any, within the given time. Everybody is still
    /// served meanwhile.
    /// </summary>
    public async Task Leave(TimeSpan grace)
    {
        if (_isLoaded)
        {
            if (_options.Config.GetBoolean("controlled.shutdown.enable"))
            {
                await _environment.Time.Within(_quorum.BeginShutdown(), grace);
            }

            await _environment.Time.Within(_quorum.Resign(), grace / 2);
        }
    }

    /// <summary>
    /// Answers what is in flight, within the given time, closes the connections and the logs, and leaves the sign of a clean stop.
    /// </summary>
    public async Task Stop(TimeSpan grace)
    {
        if (!_isLoaded)
        {
            return;
        }

        _isLoaded = false;

        // Members wait for others of their group; nothing that is in flight may wait for them.
        _groups.Stop();
        _transactions.Stop();
        await _environment.Time.Within(Acceptor.Drain(), grace);
        _housekeeping.Dispose();
        _fetchers.Dispose();
        _assignments.Stop();
        _links.Dispose();
        foreach (Partition partition in Partitions.All())
        {
            partition.StopLeading();
        }

        _housekeeping.WriteHighWatermarksNow();
        await RunAll("close", Directories.BeginClosing());
        _quorum.Stop();
        Directories.FinishClosing(_brokerEpoch);
        _delays.Dispose();
    }

    private IEnumerable<IRequestHandler> OwnHandlers()
    {
        (TopicAutoCreation creation, ComingTopics coming) = (new(Cluster, _quorum), new(Cluster, _quorum, _environment.Background, _delays));
        return
        [
            new ProduceHandler(Partitions, Cluster, _delays, _environment.Time, _transactions.Verifier),
            new FetchHandler(
                Partitions,
                Cluster,
                _delays,
                _options.Config.GetInt("max.incremental.fetch.session.cache.slots"),
                _options.Config.GetInt("fetch.max.bytes"),
                _environment,
                _options.Config.Find("replica.selector.class")?.Text is RackAwareSelector ? Cluster.RackOf : null),
            new ListOffsetsHandler(Partitions),
            new MetadataHandler(Cluster, creation, coming),
            new OffsetCommitHandler(_groups),
            new OffsetFetchHandler(_groups, _earlierGroups),
            new FindCoordinatorHandler(Cluster, creation),
            new JoinGroupHandler(_groups, _environment),
            new HeartbeatHandler(_groups),
            new LeaveGroupHandler(_groups),
            new SyncGroupHandler(_groups),
            new DescribeGroupsHandler(_groups),
            new ListGroupsHandler(_groups),
            new SaslHandshakeHandler(),
            new ApiVersionsHandler(() => Table, Cluster),
            new DeleteRecordsHandler(Partitions, _logStarts, _delays, _environment),
            new OffsetForLeaderEpochHandler(Partitions),
            new AlterReplicaLogDirsHandler(Directories, Partitions, _mover),
            new DescribeLogDirsHandler(Directories, Partitions, Cluster, _environment),
            new SaslAuthenticateHandler(),
            new DeleteGroupsHandler(_groups),
            new DescribeClusterHandler(Cluster),
            new TxnOffsetCommitHandler(_groups, Cluster, _transactions.Verifier),
            new OffsetDeleteHandler(_groups),
            new DescribeProducersHandler(Partitions, Cluster),
            new ConsumerGroupHeartbeatHandler(_groups, _environment),
            new ConsumerGroupDescribeHandler(_groups),
            new GetTelemetrySubscriptionsHandler(_environment),
            new PushTelemetryHandler(),
            new DescribeTopicPartitionsHandler(Cluster, coming),
            .. _transactions.Handlers(),
        ];
    }

    private void Publish(MetadataImage image)
    {
        if (_published)
        {
            _publisher.Publish(image);
            _housekeeping.Configure(image, Cluster.Config);
            TellCordoned();
        }
        else
        {
            _published = true;
            _publisher.PublishFirst(image);
        }

        _groups.Publish(image, Cluster.Config);
        _earlierGroups.Follow(image);
        _transactions.Publish(image, Cluster.Config);
    }

    /// <summary>Tells the controller when other directories than it knows of are closed to new partitions.</summary>
    private void TellCordoned()
    {
        var closed = new CordonedDirectories(Cluster.Config);
        List<Uuid> ids = [];
        foreach (LogDirectory directory in Directories.All)
        {
            if (!directory.Id.IsZero && closed.Contains(directory.Path))
            {
                ids.Add(directory.Id);
            }
        }

        ids.Sort();
        Uuid[] cordoned = [.. ids];
        if (_cordoned is { } told && !told.AsSpan().SequenceEqual(cordoned))
        {
            _cordoned = cordoned;
            _ = _quorum.ReportCordoned(cordoned);
        }
    }

    private void OnMoved(Partition partition, LogDirectory directory)
    {
        if (!directory.Id.IsZero)
        {
            _assignments.Note(new TopicIdPartition(partition.TopicId, partition.Name.Partition), directory.Id);
            _assignments.Tell();
        }
    }

    private void OnDirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> lost)
    {
        foreach (TopicPartition name in lost)
        {
            Partitions.Find(name)?.TakeLog();
        }

        if (!directory.Id.IsZero)
        {
            _ = _quorum.ReportOffline([directory.Id]);
        }

        if (Directories.All.All(d => d.IsOffline))
        {
            _failed.TrySetResult($"no log directory is left; the last one that failed is {directory.Path}");
        }
    }

    /// <summary>Runs pieces of work beside one another and completes when all have run.</summary>
    private Task RunAll(string name, IReadOnlyList<Action> pieces)
    {
        if (pieces.Count == 0)
        {
            return Task.CompletedTask;
        }

        // A post each would cost thousands of partitions a wake-up of a worker each; a few dozen keep all workers busy to the end.
        var done = new TaskCompletionSource();
        int atOnce = (pieces.Count + PostsMax - 1) / PostsMax;
        int left = pieces.Count;
        for (int from = 0; from < pieces.Count; from += atOnce)
        {
            int first = from, end = Math.Min(from + atOnce, pieces.Count);
            _environment.Background.Post(name, () =>
            {
                try
                {
                    for (int i = first; i < end; i++)
                    {
                        pieces[i]();
                    }

                    if (Interlocked.Add(ref left, first - end) == 0)
                    {
                        done.TrySetResult();
                    }
                }
                catch (Exception e)
                {
                    done.TrySetException(e);
                    throw;
                }
            });
        }

        return done.Task;
    }
}
