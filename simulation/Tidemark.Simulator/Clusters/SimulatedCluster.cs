using Microsoft.Extensions.Logging;
using Tidemark.Simulator.Network;

namespace Tidemark.Simulator.Clusters;

/// <summary>
/// Several nodes, each broker and controller unless <see cref="Roles"/> says otherwise, on one simulated network and one virtual time, out of one seed.
/// </summary>
public sealed class SimulatedCluster
{
    public const string ClusterId = "vD3YJrI1RCqaGAGTYm_XbA";

    private readonly (string Key, string Value)[] _settings;

    /// <param name="nodes">How many nodes; their ids begin at 1.</param>
    /// <param name="settings">Properties that all nodes have besides what makes them a cluster.</param>
    public SimulatedCluster(ulong seed, int nodes, params (string Key, string Value)[] settings)
    {
        var root = new SeededRandom(seed);
        _settings = settings;
        Time = new VirtualTime();
        Random = root.Fork();
        Network = new SimulatedNetwork(Time, root.Fork());
        Nodes = [.. Enumerable.Range(1, nodes).Select(id => new SimulatedNode(this, id, Network.AddHost($"node{id}"), root.Fork()))];
    }

    public VirtualTime Time { get; }

    /// <summary>For what the test itself decides by chance.</summary>
    public SeededRandom Random { get; }

    public SimulatedNetwork Network { get; }

    /// <summary>By id, from 1 on.</summary>
    public IReadOnlyList<SimulatedNode> Nodes { get; }

    /// <summary>What each node is, as <c>process.roles</c> says it.</summary>
    public Func<int, string> Roles { get; init; } = _ => "broker,controller";

    /// <summary>Where each node logs to; null for nowhere.</summary>
    public Func<int, ILoggerFactory>? Logs { get; init; }

    /// <summary>How many log directories each node has; the metadata log is in the first.</summary>
    public int LogDirectories { get; init; } = 1;

    /// <summary>Whether the quorum's voters stand in the metadata log (KIP-853): the first node begins alone, the others are added.</summary>
    public bool HasDynamicVoters { get; init; }

    /// <summary>Properties of single nodes.</summary>
    public Func<int, IEnumerable<(string Key, string Value)>>? SettingsOf { get; init; }

    public SimulatedNode this[int id] => Nodes[id - 1];

    public void StartAll()
    {
        foreach (SimulatedNode node in Nodes)
        {
            node.Start();
        }
    }

    /// <summary>Lets time pass until the condition holds; false when it does not within the limit.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit) => Time.RunUntil(condition, limit);

    internal bool IsController(int id) => Roles(id).Contains("controller", StringComparison.Ordinal);

    internal bool IsBroker(int id) => Roles(id).Contains("broker", StringComparison.Ordinal);

    internal IEnumerable<KeyValuePair<string, string>> PropertiesOf(int id, IReadOnlyList<string> directories) =>
    [
        new("process.roles", Roles(id)),
        new("node.id", $"{id}"),
        new("controller.listener.names", "CONTROLLER"),
        HasDynamicVoters
            ? new("controller.quorum.bootstrap.servers", string.Join(',', Nodes.Select(node => $"{node.Host.Name}:{SimulatedNode.ControllerPort}")))
            : new("controller.quorum.voters", string.Join(',', Nodes.Where(node => IsController(node.Id)).Select(node => $"{node.Id}@{node.Host.Name}:{SimulatedNode.ControllerPort}"))),
        new("log.dirs", string.Join(',', directories)),
        .. _settings.Concat(SettingsOf?.Invoke(id) ?? []).Select(each => KeyValuePair.Create(each.Key, each.Value)),
    ];
}
