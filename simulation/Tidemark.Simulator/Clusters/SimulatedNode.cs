using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Simulator.Network;
using Tidemark.Simulator.Processes;
using Tidemark.Storage.Directories;

namespace Tidemark.Simulator.Clusters;

/// <summary>A machine with a disk and, while it runs, a whole node on it: the shipping broker, quorum and log.</summary>
public sealed class SimulatedNode
{
    public const int ClientPort = 9092;
    public const int ControllerPort = 9093;
    private const string Data = "/data";

    /// <summary>As a process gives itself for either step.</summary>
    private static readonly TimeSpan s_leaveMax = TimeSpan.FromSeconds(2);

    private readonly VirtualTime _time;
    private readonly SeededRandom _random;
    private readonly SimulatedCluster _cluster;
    private readonly PoisoningMemoryPool _buffers = new();
    private ulong _formats;

    internal SimulatedNode(SimulatedCluster cluster, int id, SimulatedHost host, SeededRandom random)
    {
        (_cluster, Id, Host, _random, _time) = (cluster, id, host, random, cluster.Time);
        Disk = new MemoryDisk(random.Fork());
    }

    public int Id { get; }

    public SimulatedHost Host { get; }

    public MemoryDisk Disk { get; }

    /// <summary>The process; null while none runs.</summary>
    public SimulatedProcess? Process { get; private set; }

    /// <summary>The node in the process; null while none runs.</summary>
    public INode? Node { get; private set; }

    /// <summary>The same as a broker; null also where the node is a controller alone.</summary>
    public BrokerNode? Broker => Node as BrokerNode;

    /// <summary>Its member of the metadata quorum; null while none runs.</summary>
    public MetadataDriver? Quorum { get; private set; }

    /// <summary>Whether its broker may serve what it leads; null while none runs. Whoever looks while the process is paused sees what it would see.</summary>
    public IServingLease? Lease { get; private set; }

    /// <summary>Completes when the node serves clients; fails when it cannot start.</summary>
    public Task Started { get; private set; } = Task.CompletedTask;

    /// <summary>How often the machine lost power.</summary>
    public int PowerLosses { get; private set; }

    public bool IsRunning => Process is { IsAlive: true };

    /// <summary>Starts a process on the machine.</summary>
    public void Start()
    {
        Invariant.Require(!IsRunning);
        Disk.Restart();
        var process = new SimulatedProcess(_time, _random.Fork(), () => Disk.HasCrashed);
        Process = process;
        Host.Enter = call => process.Enter("network", call);
        process.Enter("start", () => Started = Boot(process));
    }

    /// <summary>SIGTERM: the node gives to others what it leads, stops in good order, and its process ends. Completes then.</summary>
    public Task Stop()
    {
        var done = new TaskCompletionSource();
        Process!.Enter("stop", () => _ = Leave(Process, Node!, done));
        return done.Task;
    }

    /// <summary>kill -9: nothing more happens in the process; what it had written stays.</summary>
    public void Kill()
    {
        Process?.Kill();
        Host.Kill();
        Disk.CrashNow(CrashKind.Process);
        (Node, Quorum, Lease) = (null, null, null);
    }

    /// <summary>The machine loses power, and with it what was not flushed.</summary>
    public void LosePower()
    {
        Process?.Kill();
        Host.PowerOff();
        Disk.CrashNow(CrashKind.Power);
        PowerLosses++;
        (Node, Quorum, Lease) = (null, null, null);
    }

    /// <summary>Power comes back, and the node is started.</summary>
    public void Return()
    {
        if (Host.IsDown)
        {
            Host.PowerOn();
        }

        Start();
    }

    /// <summary>The machine, whose process is gone, gets an empty disk: the next start formats it anew, and its directory is another one.</summary>
    public void LoseDisk()
    {
        Invariant.Require(!IsRunning);
        Disk.Restart();
        Disk.DeleteDirectory(Data);
    }

    public void Pause()
    {
        Process?.Pause();
        Host.Pause();
    }

    public void Resume()
    {
        Process?.Resume();
        Host.Resume();
    }

    private async Task Boot(SimulatedProcess process)
    {
        BrokerConfig config = BrokerConfig.Parse(_cluster.PropertiesOf(Id, Data), out _);
        if (MetaProperties.Read(Disk, Data) is null)
        {
            MetadataFormat.Format(
                Disk,
                new FormatOptions(SimulatedCluster.ClusterId, Id, [Data], Data, MetadataVersion.Latest, new Dictionary<string, short>(), null, true),
                _time.GetUtcNow().ToUnixTimeMilliseconds(),
                () => new Uuid((ulong)Id, ++_formats));
        }

        LogDirectory directory = LogDirectory.Open(Disk, Data);
        ILoggerFactory logs = _cluster.Logs?.Invoke(Id) ?? NullLoggerFactory.Instance;
        var environment = new BrokerEnvironment(process.Clock, Disk, process, _random.Fork().Fill, _buffers, logs, Host.ConnectorForProcess());
        var node = new BrokerId(Id);
        var quorum = new MetadataDriver(environment, new QuorumOptions(
            Id, SimulatedCluster.ClusterId, Data, directory.Id, config, () => [new EndpointImage("CONTROLLER", Host.Name, ControllerPort, 0)], _cluster.IsController(Id)));
        if (!_cluster.IsBroker(Id))
        {
            var controller = new ControllerNode(environment, node, SimulatedCluster.ClusterId, config, quorum, new NoLoggers());
            (Node, Quorum) = (controller, quorum);
            Host.Listen(ControllerPort, "CONTROLLER", controller.Acceptor);
            await controller.Start();
            return;
        }

        var membership = new NodeMembership(environment, quorum, node, SimulatedCluster.ClusterId, config);
        var broker = new BrokerNode(
            environment,
            new BrokerOptions(node, SimulatedCluster.ClusterId, config, () => [new EndpointImage("PLAINTEXT", Host.Name, ClientPort, 0)]),
            [directory],
            membership,
            self => ControllerHandlers.All(quorum, membership.Channel, self.Cluster, new NoLoggers(), environment, () => self.ControllerTable));
        (Node, Quorum, Lease) = (broker, quorum, membership.Lease);
        if (_cluster.IsController(Id))
        {
            Host.Listen(ControllerPort, "CONTROLLER", broker.Acceptor);
        }

        broker.OnReady = () => Host.Listen(ClientPort, "PLAINTEXT", broker.Acceptor);
        await broker.Start();
        broker.OnReady();
    }

    private async Task Leave(SimulatedProcess process, INode node, TaskCompletionSource done)
    {
        await node.Leave(s_leaveMax);
        Host.StopListening(ControllerPort);
        Host.StopListening(ClientPort);
        await node.Stop(s_leaveMax);
        if (Process == process)
        {
            Kill();
        }

        done.SetResult();
    }

    /// <summary>Nobody changes levels of logging in a simulation.</summary>
    private sealed class NoLoggers : IBrokerLoggers
    {
        public IReadOnlyDictionary<string, string> Levels { get; } = new Dictionary<string, string>();

        public bool TrySet(string logger, LoggerLevel level) => false;

        public bool TryUnset(string logger) => false;
    }
}
