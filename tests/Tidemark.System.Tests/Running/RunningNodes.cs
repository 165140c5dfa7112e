using System.Text.Json;
using Tidemark.Chaos.Networks;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Running;

/// <summary>
/// A cluster of processes that know each other by their property files, on loopback: each a broker, a controller or both, each run by Tidemark or by
/// Apache Kafka, on the same files whoever runs it. Directories are removed in the end.
/// </summary>
public sealed class RunningNodes : IAsyncDisposable
{
    public const string ClusterId = "VGlkZW1hcmtTeXN0ZW0wMw";
    private readonly RunningNode[] _nodes;
    private readonly bool _hasFixedVoters;

    /// <param name="hasFixedVoters">Whether <c>controller.quorum.voters</c> names the controllers; otherwise they stand in the log.</param>
    public RunningNodes(IReadOnlyList<NodeKind> kinds, bool hasFixedVoters = true, params string[] properties)
    {
        _hasFixedVoters = hasFixedVoters;
        int port = LoopbackPorts.Take(2 * kinds.Count);
        _nodes = [.. kinds.Select((kind, index) => new RunningNode(Home, index + 1, kind, port + (2 * index), port + (2 * index) + 1))];
        foreach (RunningNode node in _nodes)
        {
            node.Configure([.. Common(), .. properties]);
        }
    }

    public string Home { get; } = Directory.CreateTempSubdirectory("tidemark-nodes-").FullName;

    /// <summary>By id, from 1 on.</summary>
    public RunningNode this[int id] => _nodes[id - 1];

    public IReadOnlyList<RunningNode> All => _nodes;

    /// <summary>All brokers.</summary>
    public string Bootstrap => string.Join(',', _nodes.Where(node => node.Kind.IsBroker).Select(node => node.Bootstrap));

    /// <summary>All controllers.</summary>
    public string Controllers => string.Join(',', _nodes.Where(node => node.Kind.IsController).Select(node => node.ControllerAddress));

    /// <summary>Formats all nodes and starts them, and waits until the brokers are a cluster.</summary>
    public static async Task<RunningNodes> StartAsync(IReadOnlyList<NodeKind> kinds, params string[] properties)
    {
        var nodes = new RunningNodes(kinds, hasFixedVoters: true, properties);
        try
        {
            foreach (RunningNode node in nodes.All)
            {
                await node.FormatAsync();
            }

            await nodes.StartAllAsync();
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Starts the processes of all nodes and waits until each answers and each broker knows of all: a broker answers before the controller lets it in,
    /// and until then the cluster has too few for what a test asks next.
    /// </summary>
    public async Task StartAllAsync()
    {
        foreach (RunningNode node in _nodes)
        {
            node.Launch();
        }

        foreach (RunningNode node in _nodes)
        {
            await node.ReadyAsync();
        }

        int brokers = _nodes.Count(node => node.Kind.IsBroker);
        foreach (RunningNode node in _nodes.Where(node => node.Kind.IsBroker))
        {
            await node.KnowsBrokersAsync(brokers);
        }
    }

    /// <summary>
    /// SIGTERM to one node after the other. Apache Kafka's go first: without a quorum they would wait for minutes to be let go. Of three that are Apache Kafka's
    /// the last one is killed for the same reason.
    /// </summary>
    public async Task StopAllAsync()
    {
        RunningNode[] kafkas = [.. _nodes.Where(node => node.Kind.IsKafka).OrderBy(node => node.Kind.IsController)];
        int controllers = _nodes.Count(node => node.Kind.IsController);
        foreach (RunningNode node in kafkas.Concat(_nodes.Where(node => !node.Kind.IsKafka)))
        {
            controllers -= node.Kind.IsController ? 1 : 0;
            if (node.Kind.IsKafka && controllers == 0)
            {
                node.Kill();
            }
            else
            {
                await node.StopAsync();
            }
        }
    }

    /// <summary>Runs a client command of Tidemark's against the brokers; the outcome is for the caller to judge.</summary>
    public Task<CommandResult> TryRunAsync(params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", Bootstrap]);

    /// <summary>Runs a client command of Tidemark's against the brokers, which must succeed.</summary>
    public async Task<string> RunAsync(params string[] arguments) => (await TryRunAsync(arguments)).Succeeded();

    /// <summary>Who leads the quorum, its voters and its observers, as the leader tells; a leader of 0 when nobody answers.</summary>
    public async Task<QuorumMembership> QuorumAsync()
    {
        CommandResult result = await TryRunAsync("quorum", "status", "--json");
        if (result.ExitCode != 0)
        {
            return new QuorumMembership(0, [], []);
        }

        using JsonDocument status = JsonDocument.Parse(result.Output);
        ILookup<bool, int> members = status.RootElement.GetProperty("replicas").EnumerateArray()
            .ToLookup(each => each.GetProperty("role").GetString() == "observer", each => each.GetProperty("node").GetInt32());
        return new QuorumMembership(status.RootElement.GetProperty("leader").GetInt32(), [.. members[false].Order()], [.. members[true].Order()]);
    }

    /// <summary>Waits until the quorum is as it should be.</summary>
    public Task QuorumBecomesAsync(string what, TimeSpan within, Func<QuorumMembership, bool> condition) =>
        Eventually.HoldsAsync(what, within, async () => condition(await QuorumAsync()));

    /// <summary>Waits until every replica of a topic is in sync and every partition has a leader.</summary>
    public Task AllInSyncAsync(TimeSpan within, int brokers) =>
        Eventually.HoldsAsync("all replicas are in sync", within, async () =>
        {
            CommandResult result = await TryRunAsync("cluster", "--json");
            if (result.ExitCode != 0)
            {
                return false;
            }

            using JsonDocument health = JsonDocument.Parse(result.Output);
            return health.RootElement.GetProperty("underReplicated").GetArrayLength() == 0
                && health.RootElement.GetProperty("offline").GetArrayLength() == 0
                && health.RootElement.GetProperty("brokers").EnumerateArray().Count(broker => broker.GetProperty("state").GetString() == "serving") == brokers;
        });

    public async ValueTask DisposeAsync()
    {
        foreach (RunningNode node in _nodes)
        {
            await node.DisposeAsync();
        }

        await HomeDirectory.RemoveAsync(Home);
    }

    private IEnumerable<string> Common()
    {
        RunningNode[] controllers = [.. _nodes.Where(node => node.Kind.IsController)];
        int replicas = Math.Min(3, _nodes.Count(node => node.Kind.IsBroker));
        yield return "controller.listener.names=CONTROLLER";
        yield return "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT";
        yield return _hasFixedVoters
            ? $"controller.quorum.voters={string.Join(',', controllers.Select(node => $"{node.Id}@{node.ControllerAddress}"))}"
            : $"controller.quorum.bootstrap.servers={string.Join(',', controllers.Select(node => node.ControllerAddress))}";
        yield return $"offsets.topic.replication.factor={replicas}";
        yield return $"transaction.state.log.replication.factor={replicas}";
        yield return $"transaction.state.log.min.isr={Math.Min(2, replicas)}";
        yield return "group.initial.rebalance.delay.ms=0";
    }
}

/// <summary>Who keeps the metadata log.</summary>
public sealed record QuorumMembership(int Leader, IReadOnlyList<int> Voters, IReadOnlyList<int> Observers);
