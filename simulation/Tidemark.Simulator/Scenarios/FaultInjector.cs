using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Network;

namespace Tidemark.Simulator.Scenarios;

/// <summary>Breaks things, each for a while, until told to heal them all.</summary>
public sealed class FaultInjector(SimulatedCluster cluster, ScenarioPlan plan, ScenarioTrace trace)
{
    private readonly SeededRandom _random = cluster.Random.Fork();
    private readonly HashSet<int> _paused = [];
    private bool _ended;

    public void Start()
    {
        if (plan.Faults.Count > 0)
        {
            Next();
        }
    }

    /// <summary>Nothing breaks any more, and all that was broken works again.</summary>
    public void Heal()
    {
        _ended = true;
        trace.Tell("everything is healed");
        cluster.Network.Heal();
        foreach (SimulatedNode node in cluster.Nodes)
        {
            Resume(node);
            if (!node.IsRunning)
            {
                node.Return();
            }
        }
    }

    private void Next() => cluster.Time.Post(Span(50, (int)plan.FaultEvery.TotalMilliseconds), () =>
    {
        if (!_ended)
        {
            Break(plan.Faults[_random.Next(plan.Faults.Count)]);
            Next();
        }
    });

    private void Break(FaultKind kind)
    {
        SimulatedNode node = cluster.Nodes[_random.Next(cluster.Nodes.Count)];
        bool isUp = node.IsRunning && !_paused.Contains(node.Id) && cluster.Nodes.Count(each => !each.IsRunning || _paused.Contains(each.Id)) < plan.DownMax;
        switch (kind)
        {
            case FaultKind.Kill when isUp:
                Tell(kind, $"node {node.Id} is killed");
                node.Kill();
                Later(100, 6000, $"node {node.Id} is started", () => !node.IsRunning, node.Return);
                break;
            case FaultKind.PowerLoss when isUp:
                Tell(kind, $"node {node.Id} loses power");
                node.LosePower();
                Later(300, 8000, $"node {node.Id} has power again", () => !node.IsRunning, node.Return);
                break;
            case FaultKind.Pause when isUp:
                Tell(kind, $"node {node.Id} is paused");
                node.Pause();
                _paused.Add(node.Id);
                Later(100, 10_000, $"node {node.Id} goes on", () => _paused.Contains(node.Id), () => Resume(node));
                break;
            case FaultKind.BrokenConnection when cluster.Network.Links.Count > 0:
                SimulatedLink link = cluster.Network.Links[_random.Next(cluster.Network.Links.Count)];
                Tell(kind, $"a connection from {link.Connecting.Name} to {link.Listening.Name} breaks");
                link.Break();
                break;
            case FaultKind.FlakyNetwork:
                Tell(kind, "frames are lost with their connections");
                cluster.Network.Faults = new NetworkFaults { BreakChance = 0.01, CutChance = 0.005, LongDelayChance = 0.02, LongDelay = Span(100, 3000) };
                Later(500, 4000, "no frames are lost any more", () => true, () => cluster.Network.Faults = NetworkFaults.None);
                break;
            case FaultKind.OneWay:
                Block(kind, [Other(node.Host)], [node.Host], bothWays: false);
                break;
            case FaultKind.Isolation:
                Block(kind, [node.Host], [.. cluster.Network.Hosts.Where(host => host != node.Host && (_random.Chance(0.5) || host.Name.StartsWith("node", StringComparison.Ordinal)))], bothWays: true);
                break;
            case FaultKind.Partition:
                Split(kind);
                break;
            case FaultKind.LeaderCutOff:
                // Clients still reach it, and have it write what nobody else will have when another leads.
                Block(kind, [node.Host], [.. cluster.Nodes.Where(each => each != node).Select(each => each.Host)], bothWays: true, shortestMs: 2500);
                break;
            case FaultKind.SlowLink:
                SimulatedHost from = Other(node.Host);
                TimeSpan delay = Span(20, 2500);
                Tell(kind, $"up to {delay.TotalSeconds:0.00} s from {from.Name} to {node.Host.Name}");
                cluster.Network.Slow(from, node.Host, delay);
                Later(500, 6000, $"{from.Name} reaches {node.Host.Name} quickly again", () => true, () => cluster.Network.Slow(from, node.Host, cluster.Network.Timings.LongestDelay));
                break;
        }
    }

    private void Split(FaultKind kind)
    {
        List<SimulatedHost> one = [], other = [];
        foreach (SimulatedHost host in cluster.Network.Hosts)
        {
            // Who belongs to neither is a bridge.
            (_random.Next(5) switch { 0 or 1 => one, 2 or 3 => other, _ => null })?.Add(host);
        }

        Block(kind, one, other, bothWays: true);
    }

    private void Block(FaultKind kind, IReadOnlyList<SimulatedHost> from, IReadOnlyList<SimulatedHost> to, bool bothWays, int shortestMs = 300)
    {
        string what = $"{Names(from)} {(bothWays ? "and" : "to")} {Names(to)}";
        Tell(kind, $"nothing gets through: {what}");
        foreach ((SimulatedHost a, SimulatedHost b) in from.SelectMany(a => to.Select(b => (a, b))))
        {
            cluster.Network.Block(a, b);
            if (bothWays)
            {
                cluster.Network.Block(b, a);
            }
        }

        Later(shortestMs, 9000, $"free again: {what}", () => true, () =>
        {
            foreach ((SimulatedHost a, SimulatedHost b) in from.SelectMany(a => to.Select(b => (a, b))))
            {
                cluster.Network.Unblock(a, b);
                if (bothWays)
                {
                    cluster.Network.Unblock(b, a);
                }
            }
        });
    }

    private static string Names(IEnumerable<SimulatedHost> hosts) => $"[{string.Join(' ', hosts.Select(host => host.Name))}]";

    private SimulatedHost Other(SimulatedHost than)
    {
        SimulatedHost[] others = [.. cluster.Network.Hosts.Where(host => host != than)];
        return others[_random.Next(others.Length)];
    }

    private void Resume(SimulatedNode node)
    {
        if (_paused.Remove(node.Id))
        {
            node.Resume();
        }
    }

    private TimeSpan Span(int shortestMs, int longestMs) => TimeSpan.FromMilliseconds(_random.Between(Math.Min(shortestMs, longestMs), longestMs));

    private void Later(int shortestMs, int longestMs, string words, Func<bool> still, Action mend) => cluster.Time.Post(Span(shortestMs, longestMs), () =>
    {
        if (!_ended && still())
        {
            trace.Tell(words);
            mend();
        }
    });

    private void Tell(FaultKind kind, string words)
    {
        trace.Count($"fault {kind}");
        trace.Tell(words);
    }
}
