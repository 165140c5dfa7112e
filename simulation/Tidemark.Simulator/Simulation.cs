using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Simulator.Connections;
using Tidemark.Simulator.Disks;

namespace Tidemark.Simulator;

/// <summary>
/// The world around a broker, out of one seed: time, disk, background work, randomness and buffers. The caller starts the broker in
/// <see cref="Environment"/>, talks to it over <see cref="Connect"/>, and crashes and restarts the machine under it.
/// </summary>
public sealed class Simulation
{
    private readonly SeededRandom _connections;
    private long _connectionId;

    public Simulation(ulong seed, ILoggerFactory? logs = null)
    {
        var root = new SeededRandom(seed);
        Seed = seed;
        Time = new VirtualTime();
        Random = root.Fork();
        Disk = new MemoryDisk(root.Fork()) { NowMs = () => Time.GetUtcNow().ToUnixTimeMilliseconds() };
        Background = new SimulatedBackground(Time, root.Fork());
        _connections = root.Fork();
        Environment = new BrokerEnvironment(Time, Disk, Background, root.Fork().Fill, Buffers, logs ?? NullLoggerFactory.Instance, new RefusingConnector(Background));
    }

    public ulong Seed { get; }

    public VirtualTime Time { get; }

    /// <summary>For what the test itself decides by chance.</summary>
    public SeededRandom Random { get; }

    public MemoryDisk Disk { get; }

    public SimulatedBackground Background { get; }

    public PoisoningMemoryPool Buffers { get; } = new();

    public BrokerEnvironment Environment { get; }

    /// <summary>Opens a client's connection to the broker.</summary>
    public SimulatedConnection Connect(IConnectionAcceptor acceptor, string listenerName = "PLAINTEXT")
    {
        long id = ++_connectionId;
        var info = new ConnectionInfo(id, listenerName, "192.0.2.1", (int)(40000 + (id % 20000)), IsLoopback: false);
        return new SimulatedConnection(Time, _connections.Fork(), acceptor, info, TimeSpan.FromMilliseconds(2), () => Disk.HasCrashed);
    }

    /// <summary>
    /// Runs until the condition holds; false when the limit passes first. A crash of the machine ends the run and answers true, so
    /// that the caller looks at <see cref="MemoryDisk.HasCrashed"/> first.
    /// </summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        try
        {
            return Time.RunUntil(() => Disk.HasCrashed || condition(), limit);
        }
        catch (SimulatedCrashException)
        {
            return true;
        }
    }

    /// <summary>Starts the machine anew after a crash: nothing that the dead process had begun goes on.</summary>
    public void Restart()
    {
        Time.CancelAll();
        Background.Forget();
        Disk.Restart();
    }
}
