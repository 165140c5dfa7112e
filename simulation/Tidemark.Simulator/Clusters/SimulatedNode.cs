using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Raft;
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
    private readonly SeededRandom _delays;
    private ulong _lastDirectoryId;

    internal SimulatedNode(SimulatedCluster cluster, int id, SimulatedHost host, SeededRandom random)
    {
        (_cluster, Id, Host, _random, _time) = (cluster, id, host, random, cluster.Time);
        Disk = new MemoryDisk(random.Fork()) { OnFlush = OnFlush, NowMs = () => _time.GetUtcNow().ToUnixTimeMilliseconds() };
        _delays = random.Fork();
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

    /// <summary>Completes when a stop that was asked for is over; fails when the node cannot stop.</summary>
    public Task Stopped { get; private set; } = Task.CompletedTask;

    /// <summary>The id of the directory with the metadata log, once it is formatted.</summary>
    public Uuid DirectoryId { get; private set; }

    /// <summary>Whether something is wrong with the disk, or was in this life: the node may end by it.</summary>
    public bool HasBadDisk { get; set; }

    /// <summary>The longest that a flush takes.</summary>
    public TimeSpan FlushDelayMax { get; set; }

    /// <summary>By how much the machine's wall clock is ahead of the simulation's.</summary>
    public TimeSpan WallClockOffset
    {
        get;
        set
        {
            field = value;
            Process?.WallClockOffset = value;
        }
    }

    /// <summary>Why the node cannot go on, which ends a process; null while it can.</summary>
    public string? Failure =>
        Started.IsFaulted ? $"it cannot start: {Started.Exception.InnerException}"
        : Stopped.IsFaulted ? $"it cannot stop: {Stopped.Exception.InnerException}"
        : Broker?.Failed is { IsCompleted: true } failed ? failed.Result
        : Quorum?.Failed is { IsCompleted: true } ended ? ended.Result.ToString()
        : null;

    public bool IsRunning => Process is { IsAlive: true };

    /// <summary>Starts a process on the machine.</summary>
    public void Start()
    {
        Invariant.Require(!IsRunning);
        Disk.Restart();
        var process = new SimulatedProcess(_time, _random.Fork(), () => Disk.HasCrashed) { WallClockOffset = WallClockOffset };
        (Process, Stopped) = (process, Task.CompletedTask);
        Host.Enter = call => process.Enter("network", call);
        process.Enter("start", () => Started = Boot(process));
    }

    /// <summary>SIGTERM: the node gives to others what it leads, stops in good order, and its process ends. Completes then.</summary>
    public Task Stop()
    {
        var done = new TaskCompletionSource();
        Stopped = done.Task;
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

    private void OnFlush()
    {
        if (FlushDelayMax > TimeSpan.Zero)
        {
            Process?.Hold(TimeSpan.FromTicks(_delays.Next(FlushDelayMax.Ticks + 1)));
        }
    }

    private async Task Boot(SimulatedProcess process)
    {
        string[] paths = [.. Enumerable.Range(1, _cluster.LogDirectories).Select(number => number == 1 ? Data : $"{Data}{number}")];
        BrokerConfig config = BrokerConfig.Parse(_cluster.PropertiesOf(Id, paths), out _);
        if (MetaProperties.Read(Disk, Data) is null)
        {
            Voter[]? first = _cluster.HasDynamicVoters && Id == 1
                ? [new Voter(new ReplicaKey(new BrokerId(Id), Uuid.Zero), [new VoterEndpoint("CONTROLLER", Host.Name, ControllerPort)])]
                : null;
            MetadataFormat.Format(
                Disk,
                new FormatOptions(SimulatedCluster.ClusterId, Id, paths, Data, MetadataVersion.Latest, new Dictionary<string, short>(), first, true),
                _time.GetUtcNow().ToUnixTimeMilliseconds(),
                NewDirectoryId);
        }

        IReadOnlyList<LogDirectory> directories = Open(paths);
        LogDirectory directory = directories[0];
        DirectoryId = directory.Id;
        ILoggerFactory logs = _cluster.Logs?.Invoke(Id) ?? NullLoggerFactory.Instance;
        var environment = new BrokerEnvironment(process.Clock, Disk, process, _random.Fork().Fill, _buffers, logs, Host.ConnectorForProcess());
        var node = new BrokerId(Id);
        var quorum = new MetadataDriver(environment, new QuorumOptions(
            Id, SimulatedCluster.ClusterId, Data, directory.Id, config, () => [new EndpointImage("CONTROLLER", Host.Name, ControllerPort, 0)], _cluster.IsController(Id)));
        if (!_cluster.IsBroker(Id))
        {
            var controller = new ControllerNode(environment, node, SimulatedCluster.ClusterId, config, quorum, new NoLoggers());
            (Node, Quorum) = (controller, quorum);
            controller.OnLoaded = () => Host.Listen(ControllerPort, "CONTROLLER", controller.Acceptor);
            await controller.Start();
            return;
        }

        var membership = new NodeMembership(environment, quorum, node, SimulatedCluster.ClusterId, config);
        var broker = new BrokerNode(
            environment,
            new BrokerOptions(node, SimulatedCluster.ClusterId, config, () => [new EndpointImage("PLAINTEXT", Host.Name, ClientPort, 0)]),
            directories,
            membership,
            self => ControllerHandlers.All(quorum, membership.Channel, self.Cluster, new NoLoggers(), environment, () => self.ControllerTable));
        (Node, Quorum, Lease) = (broker, quorum, membership.Lease);
        if (_cluster.IsController(Id))
        {
            broker.OnLoaded = () => Host.Listen(ControllerPort, "CONTROLLER", broker.Acceptor);
        }

        broker.OnReady = () => Host.Listen(ClientPort, "PLAINTEXT", broker.Acceptor);
        await broker.Start();
        broker.OnReady();
    }

    /// <summary>As a process does: a directory whose disk fails is left out unless the metadata log is there, and one that is not formatted is.</summary>
    private List<LogDirectory> Open(string[] paths)
    {
        var opened = new List<LogDirectory>();
        foreach (string path in paths)
        {
            try
            {
                var directory = LogDirectory.Open(Disk, path);
                if (directory.Meta is null)
                {
                    directory.Format(opened[0].Meta! with { DirectoryId = NewDirectoryId() });
                }

                opened.Add(directory);
            }
            catch (IOException) when (path != Data)
            {
            }
        }

        return opened;
    }

    private Uuid NewDirectoryId() => new((ulong)Id, ++_lastDirectoryId);

    private async Task Leave(SimulatedProcess process, INode node, TaskCompletionSource done)
    {
        Exception? failure = null;
        try
        {
            await node.Leave(s_leaveMax);
            Host.StopListening(ControllerPort);
            Host.StopListening(ClientPort);
            await node.Stop(s_leaveMax);
        }
        catch (Exception error) when (error is not SimulatedCrashException)
        {
            failure = error;
        }

        if (Process == process)
        {
            Kill();
        }

        if (failure is null)
        {
            done.SetResult();
        }
        else
        {
            done.SetException(failure);
        }
    }

    /// <summary>Nobody changes levels of logging in a simulation.</summary>
    private sealed class NoLoggers : IBrokerLoggers
    {
        public IReadOnlyDictionary<string, string> Levels { get; } = new Dictionary<string, string>();

        public bool TrySet(string logger, LoggerLevel level) => false;

        public bool TryUnset(string logger) => false;
    }
}
