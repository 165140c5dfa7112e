using Tidemark.Broker.Cluster;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Booting;

/// <summary>
/// A whole node on virtual time and a disk in memory: the broker and the real driver of its metadata log, as a process has them. The disk
/// may crash at any change; what was under way then is left where it stood.
/// </summary>
internal sealed class NodeWorld
{
    private const string Data = "/data";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly BrokerConfig _config;

    /// <summary>Formats the directory; the node is not started yet.</summary>
    public NodeWorld(ulong seed, params (string Key, string Value)[] config)
    {
        World = new Simulator.Simulation(seed);
        _config = BrokerConfig.Parse(
            [
                KeyValuePair.Create("node.id", "1"), KeyValuePair.Create("process.roles", "broker,controller"), KeyValuePair.Create("log.dirs", Data),
                .. config.Select(c => KeyValuePair.Create(c.Key, c.Value)),
            ],
            out _);
        MetadataFormat.Format(
            World.Disk,
            new FormatOptions(BrokerWorld.ClusterId, 1, [Data], Data, MetadataVersion.Latest, new Dictionary<string, short>(), null, true),
            World.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            () => new Uuid(3, 3));
    }

    public Simulator.Simulation World { get; }

    public BrokerNode Node { get; private set; } = null!;

    public IMetadataQuorum Quorum { get; private set; } = null!;

    /// <summary>What the node serves beside its partitions.</summary>
    public Func<MetadataDriver, IReadOnlyList<IRequestHandler>> Beside { get; init; } = _ => [];

    /// <summary>Starts the node on what is on the disk. False when the disk crashed before clients could be served.</summary>
    public bool Boot()
    {
        try
        {
            LogDirectory directory = LogDirectory.Open(World.Disk, Data);
            var driver = new MetadataDriver(World.Environment, new QuorumOptions(1, BrokerWorld.ClusterId, Data, directory.Id, _config, () => []));
            Quorum = new NodeMembership(World.Environment, driver, new BrokerId(1), BrokerWorld.ClusterId, _config);
            var options = new BrokerOptions(new BrokerId(1), BrokerWorld.ClusterId, _config, () => [new("PLAINTEXT", "localhost", 9092, 0)]);
            Node = new BrokerNode(World.Environment, options, [directory], Quorum, _ => new NodeHandlers(Beside(driver), []));
        }
        catch (SimulatedCrashException)
        {
            return false;
        }

        return Run(Node.Start);
    }

    /// <summary>Starts the machine anew after a crash, and the node on it.</summary>
    public void Reboot()
    {
        World.Restart();
        Assert.True(Boot());
    }

    public void Stop() => Assert.True(Run(async () =>
    {
        await Node.Leave(TimeSpan.FromSeconds(5));
        await Node.Stop(TimeSpan.FromSeconds(5));
    }));

    /// <summary>Creates a topic of one partition. False when the disk crashed before the answer.</summary>
    public bool Create(string name, params (string Key, string Value)[] configs) => Run(async () =>
    {
        var request = new CreateTopicsRequest { TimeoutMs = 1000, Topics = [new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 }] };
        request.Topics[0].Configs.AddRange(configs.Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value }));
        CreateTopicsResponse response = await Quorum.CreateTopics(request);
        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
    });

    public TestClient Connect() => new(World.Connect(Node.Acceptor));

    /// <summary>Begins the work as an event of virtual time, so that its continuations are events too, and lets time pass until it is done.</summary>
    private bool Run(Func<Task> work)
    {
        Task? task = null;
        World.Time.Post(TimeSpan.Zero, () => task = work());
        Assert.True(World.RunUntil(() => task is { IsCompleted: true }, Patience));
        if (World.Disk.HasCrashed)
        {
            // What the dead process would have said reaches nobody.
            return false;
        }

        task!.GetAwaiter().GetResult();
        return true;
    }
}
