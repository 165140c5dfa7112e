using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Simulator;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Quorum;

/// <summary>A node's metadata in a simulated world, or on a real disk where another program looks at it.</summary>
internal sealed class QuorumWorld
{
    public const string ClusterId = "vD3YJrI1RCqaGAGTYm_XbA";

    private readonly BrokerEnvironment _environment;
    private readonly Func<Func<bool>, bool> _wait;
    private readonly BrokerConfig _config;
    private int _lives;

    public QuorumWorld(ulong seed, params (string Key, string Value)[] settings)
    {
        Simulation = new Tidemark.Simulator.Simulation(seed);
        _environment = Simulation.Environment;
        _wait = condition => Simulation.RunUntil(condition, TimeSpan.FromMinutes(5));
        Directory = "/data";
        _config = Config(settings);
    }

    public QuorumWorld(BrokerEnvironment environment, string directory, params (string Key, string Value)[] settings)
    {
        Simulation = new Tidemark.Simulator.Simulation(1);
        _environment = environment;
        _wait = condition => SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30));
        Directory = directory;
        _config = Config(settings);
    }

    public Tidemark.Simulator.Simulation Simulation { get; }

    public string Directory { get; }

    public MetadataDriver Driver { get; private set; } = null!;

    public List<MetadataImage> Published { get; } = [];

    public void Format(bool standalone = false)
    {
        _environment.Disk.CreateDirectory(Directory);
        _environment.Disk.SyncDirectory(Path.GetDirectoryName(Directory)!);
        MetadataFormat.Format(
            _environment.Disk,
            new FormatOptions(
                ClusterId,
                1,
                [Directory],
                Directory,
                MetadataVersion.Latest,
                new Dictionary<string, short>(),
                standalone ? [new Voter(new ReplicaKey(new BrokerId(1), Uuid.Zero), [new VoterEndpoint("CONTROLLER", "127.0.0.1", 9093)])] : null,
                IgnoreFormatted: true),
            _environment.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            NewId);
    }

    public void Start()
    {
        Create();
        Driver.Start(Published.Add);
    }

    /// <summary>Another life on what is on the disk, which has read nothing yet.</summary>
    public void Create()
    {
        MetaProperties meta = MetaProperties.Read(_environment.Disk, Directory)!;
        Published.Clear();
        Driver = new MetadataDriver(_environment, new QuorumOptions(
            1, ClusterId, Directory, meta.DirectoryId, _config, () => [new EndpointImage("CONTROLLER", "127.0.0.1", 9093, 0)]));
    }

    public long Register(long previousEpoch = -1)
    {
        var broker = new LocalBroker(
            [new EndpointImage("PLAINTEXT", "127.0.0.1", 9092, 0)], null, [MetaProperties.Read(_environment.Disk, Directory)!.DirectoryId], previousEpoch);
        if (!ReferenceEquals(_environment, Simulation.Environment))
        {
            return Wait(Driver.RegisterOwn(broker.ToRequest(new BrokerId(1), ClusterId, new Uuid(7, (ulong)++_lives))));
        }

        // Begun within an event, it also goes on in one; begun here it would go on in some thread of the test runner's.
        Task<long>? registration = null;
        Simulation.Time.Post(TimeSpan.Zero, () => registration = Driver.RegisterOwn(broker.ToRequest(new BrokerId(1), ClusterId, new Uuid(7, (ulong)++_lives))));
        Simulation.RunUntil(() => registration?.IsCompleted == true, TimeSpan.FromMinutes(5));
        return registration?.IsCompleted == true ? registration.GetAwaiter().GetResult() : throw new SimulatedCrashException();
    }

    /// <summary>The broker says that it wants to stop.</summary>
    public BrokerHeartbeatResponse BeginShutdown() => Wait(Driver.Submit(
        context => BrokerHeartbeat.Decide(
            context,
            new BrokerHeartbeatRequest
            {
                BrokerId = 1,
                BrokerEpoch = context.Image.Brokers[1].Epoch,
                CurrentMetadataOffset = context.Image.LastOffset.Value,
                WantShutDown = true,
            },
            Driver.Sessions,
            isLocal: true),
        error => new BrokerHeartbeatResponse { ErrorCode = error }));

    public CreateTopicsResponse CreateTopic(string name, int partitions = 1) => Wait(BeginCreateTopic(name, partitions));

    public Task<CreateTopicsResponse> BeginCreateTopic(string name, int partitions = 1, Action? inHand = null) => Driver.Submit(
        context =>
        {
            inHand?.Invoke();
            return CreateTopics.Decide(
                context,
                new CreateTopicsRequest
                {
                    TimeoutMs = 60_000,
                    Topics = [new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }],
                });
        },
        error => new CreateTopicsResponse { Topics = [new CreateTopicsResponse.CreatableTopicResult { Name = name, ErrorCode = error }] });

    public T Wait<T>(Task<T> task)
    {
        Assert.True(_wait(() => task.IsCompleted));
        return task.GetAwaiter().GetResult();
    }

    public Uuid NewId()
    {
        byte[] random = new byte[16];
        _environment.FillRandom(random);
        return Uuid.FromRandom(random);
    }

    private static BrokerConfig Config((string Key, string Value)[] settings) => BrokerConfig.Parse(
        [
            new("process.roles", "broker,controller"),
            new("node.id", "1"),
            new("controller.listener.names", "CONTROLLER"),
            .. settings.Select(each => KeyValuePair.Create(each.Key, each.Value)),
        ],
        out _);
}
