using Microsoft.Extensions.Logging;
using Tidemark.Broker.Links;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// A broker's part in its cluster: the images come from this node's own member of the metadata quorum, voter or observer, and what the
/// broker asks goes to whoever is the controller.
/// </summary>
public sealed class NodeMembership : IMetadataQuorum
{
    private readonly MetadataDriver _driver;
    private readonly BrokerEnvironment _environment;
    private readonly NodeLinks _links;
    private readonly DelayQueue _delays;
    private readonly BrokerLifecycle _lifecycle;
    private readonly ServingLease _lease;
    private readonly TimeSpan _requestTimeout;
    private readonly (BrokerId Node, string ClusterId) _identity;

    private readonly Lock _lifeLock = new();

    /// <summary>The id of this life; zero before it is to be registered.</summary>
    private Uuid _life;
    private bool _isRegistered;

    /// <summary>How far the metadata is that this broker acts by. The controller lets it serve on the strength of this, so what is only read does not count.</summary>
    private long _inForce = -1;

    public NodeMembership(BrokerEnvironment environment, MetadataDriver driver, BrokerId node, string clusterId, BrokerConfig config)
    {
        (_environment, _driver, _identity) = (environment, driver, (node, clusterId));
        ILogger log = environment.Logs.CreateLogger("Tidemark.Membership");
        _delays = new DelayQueue(environment.Time);
        _links = new NodeLinks(environment, new LinkOptions());
        _lease = new ServingLease(environment.Time, TimeSpan.FromMilliseconds(config.GetInt("broker.session.timeout.ms")));
        _requestTimeout = TimeSpan.FromMilliseconds(config.GetInt("request.timeout.ms"));
        Channel = new ControllerChannel(driver, driver, _links, _delays, environment.Time, log);
        _lifecycle = new BrokerLifecycle(
            new LifecycleOptions(
                node,
                TimeSpan.FromMilliseconds(config.GetInt("broker.heartbeat.interval.ms")),
                TimeSpan.FromMilliseconds(config.GetInt("initial.broker.registration.timeout.ms")),
                () => driver.Sessions),
            Channel,
            _lease,
            () => new Offset(Volatile.Read(ref _inForce)),
            environment.Time,
            _delays,
            log);
    }

    /// <summary>The way to the controller, for requests that clients sent here.</summary>
    public ControllerChannel Channel { get; }

    public IServingLease Lease => _lease;

    public short KRaftVersion => _driver.KRaftVersion;

    public MetadataImage Committed => _driver.Current;

    public MetadataImage Load() => _driver.Load();

    /// <summary>
    /// What the metadata says before it holds the registration of this life, it says of the last one: what that led it may have lost since, and
    /// whom it wanted in the in-sync set nobody remembers. It is not this life's, so nothing of it is brought in.
    /// </summary>
    public void Start(Action<MetadataImage> publish) => _driver.Start(image =>
    {
        if (!IsOfThisLife(image))
        {
            return;
        }

        publish(image);
        Volatile.Write(ref _inForce, image.LastOffset.Value);
        _lifecycle.OnMetadata(image);
    });

    public async Task<long> Register(LocalBroker broker, Action ready)
    {
        BrokerRegistrationRequest request = broker.ToRequest(_identity.Node, _identity.ClusterId, _environment.NewId());
        lock (_lifeLock)
        {
            _life = request.IncarnationId;
        }

        _driver.BeginLife(request.IncarnationId);
        if (!_driver.IsAlone)
        {
            return await _lifecycle.Register(request, ready);
        }

        long sentAt = _environment.Time.GetTimestamp();
        long epoch = await _driver.RegisterOwn(request);
        _lifecycle.Adopt(epoch, sentAt);
        return epoch;
    }

    private bool IsOfThisLife(MetadataImage image)
    {
        lock (_lifeLock)
        {
            return _isRegistered |= !_life.IsZero && image.Brokers.TryGetValue(_identity.Node.Value, out BrokerImage? self) && self.IncarnationId == _life;
        }
    }

    public Task ReportOffline(IReadOnlyList<Uuid> directories) => _lifecycle.ReportOffline(directories);

    public Task ReportCordoned(IReadOnlyList<Uuid> directories) => _lifecycle.ReportCordoned(directories);

    public Task BeginShutdown() => _lifecycle.BeginShutdown();

    public Task Resign()
    {
        _lifecycle.Stop();
        return _driver.Resign();
    }

    public void Stop()
    {
        _lifecycle.Stop();
        _driver.Close();
        _links.Dispose();
        _delays.Dispose();
    }

    public ValueTask<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request) => Channel.Ask(
        "topics",
        request,
        _requestTimeout,
        context => Metadata.Commands.CreateTopics.Decide(context, request),
        error => new CreateTopicsResponse { Topics = [.. request.Topics.Select(topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = error })] },
        response => response.Topics.Find(topic => topic.ErrorCode == ErrorCode.NotController)?.ErrorCode ?? ErrorCode.None);

    public ValueTask<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request) => Channel.Ask(
        "commands",
        request,
        _requestTimeout,
        context => Metadata.Commands.AllocateProducerIds.Decide(context, request),
        error => new AllocateProducerIdsResponse { ErrorCode = error },
        response => response.ErrorCode);

    public ValueTask<AssignReplicasToDirsResponse> AssignDirectories(AssignReplicasToDirsRequest request) => Channel.Ask(
        "commands",
        request,
        _requestTimeout,
        context => AssignReplicasToDirs.Decide(context, request),
        error => new AssignReplicasToDirsResponse { ErrorCode = error },
        response => response.ErrorCode);

    public ValueTask<AlterPartitionResponse> AlterPartition(AlterPartitionRequest request) => Channel.Ask(
        "in-sync",
        request,
        _requestTimeout,
        context => Metadata.Commands.AlterPartition.Decide(context, request, AlterPartitionRequest.HighestVersion),
        error => new AlterPartitionResponse { ErrorCode = error },
        response => response.ErrorCode);
}
