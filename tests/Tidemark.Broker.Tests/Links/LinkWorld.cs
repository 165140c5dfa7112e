using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator;
using Tidemark.Simulator.Network;

namespace Tidemark.Broker.Tests.Links;

/// <summary>This node on one simulated host, a scripted peer on another.</summary>
internal sealed class LinkWorld
{
    public const int Port = 9093;

    public static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public LinkWorld(ulong seed = 1, NetworkTimings? timings = null, LinkOptions? options = null)
    {
        var simulation = new Simulator.Simulation(seed);
        Time = simulation.Time;
        Network = new SimulatedNetwork(Time, simulation.Random.Fork(), timings);
        Here = Network.AddHost("here");
        There = Network.AddHost("there");
        There.Listen(Port, "CONTROLLER", Peer);
        Environment = simulation.Environment with { Connector = Here.ConnectorForProcess() };
        Links = new NodeLinks(Environment, options ?? new LinkOptions { ClientId = "node-1" });
        Link = Links.To(new NodeAddress("there", Port), "test");
        Link.Ended += end => Ends.Add((end, Time.Elapsed));
    }

    public VirtualTime Time { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedHost Here { get; }

    public SimulatedHost There { get; }

    public ScriptedPeer Peer { get; } = new();

    public BrokerEnvironment Environment { get; }

    public NodeLinks Links { get; }

    public NodeLink Link { get; }

    public List<(LinkEnd End, TimeSpan At)> Ends { get; } = [];

    /// <summary>A request whose answer can be told from others by its broker epoch.</summary>
    public Task<BrokerHeartbeatResponse> Heartbeat(long epoch, TimeSpan? timeout = null) =>
        Link.Send<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(new() { BrokerId = 1, BrokerEpoch = epoch }, timeout ?? Limit).AsTask();

    /// <summary>Runs until the task has ended, and answers it.</summary>
    public Task<T> Run<T>(Task<T> task)
    {
        Assert.True(Time.RunUntil(() => task.IsCompleted, TimeSpan.FromMinutes(10)), "nothing came of it");
        return task;
    }

    public LinkException Fails<T>(Task<T> task)
    {
        Run(task);
        return Assert.IsType<LinkException>(task.Exception?.InnerException);
    }
}
