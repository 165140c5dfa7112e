using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Network;

namespace Tidemark.Simulator.Scenarios;

/// <content>What happens on the network.</content>
public sealed partial class FaultInjector
{
    private void BreakNetwork(FaultKind kind, SimulatedNode node)
    {
        switch (kind)
        {
            case FaultKind.BrokenConnection when cluster.Network.Links.Count > 0:
                SimulatedLink link = cluster.Network.Links[_random.Next(cluster.Network.Links.Count)];
                Tell(kind, $"a connection from {link.Connecting.Name} to {link.Listening.Name} breaks");
                link.Break();
                break;
            case FaultKind.LostFrames:
                ForAWhile(kind, "frames are lost with their connections", "no frames are lost any more", faults => faults with { BreakChance = 0.01 }, faults => faults with { BreakChance = 0 });
                break;
            case FaultKind.CutFrames:
                ForAWhile(kind, "frames end in the middle", "frames are whole again", faults => faults with { CutChance = 0.01 }, faults => faults with { CutChance = 0 });
                break;
            case FaultKind.LateFrames:
                TimeSpan late = Span(50, 2500);
                ForAWhile(
                    kind, $"some frames come up to {late.TotalSeconds:0.00} s late", "frames come in time again", faults => faults with { LongDelayChance = 0.03, LongDelay = late }, faults => faults with { LongDelayChance = 0 });
                break;
            case FaultKind.AbandonedFrames:
                TimeSpan longest = Span(500, 4000);
                ForAWhile(
                    kind,
                    $"connections between nodes break, and what was sent comes up to {longest.TotalSeconds:0.00} s late",
                    "what is sent between nodes is known to arrive",
                    faults => faults with { AbandonChance = 0.05, LongDelay = longest, MayAbandon = AreNodes },
                    faults => faults with { AbandonChance = 0 });
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
                Block(kind, [node.Host], [.. cluster.Nodes.Where(each => each != node).Select(each => each.Host)], bothWays: true, shortestMs: 2000);
                break;
            case FaultKind.NarrowWay:
                SimulatedHost sender = Other(node.Host);
                int bytesMax = _random.Between(100, 2000);
                Tell(kind, $"nothing longer than {bytesMax} bytes gets from {sender.Name} to {node.Host.Name}");
                cluster.Network.Narrow(sender, node.Host, bytesMax);
                Later(500, 8000, $"all gets from {sender.Name} to {node.Host.Name} again", () => true, () => cluster.Network.Narrow(sender, node.Host, int.MaxValue));
                break;
            case FaultKind.SlowLink:
                SimulatedHost from = Other(node.Host);
                TimeSpan delay = Span(20, 2000);
                long bytesPerSecond = _random.Chance(0.3) ? _random.Between(500, 20_000) : 0;
                Tell(kind, $"up to {delay.TotalSeconds:0.00} s from {from.Name} to {node.Host.Name}{(bytesPerSecond > 0 ? $", {bytesPerSecond} bytes a second" : "")}");
                cluster.Network.Slow(from, node.Host, delay, bytesPerSecond);
                Later(500, 5000, $"{from.Name} reaches {node.Host.Name} quickly again", () => true, () => cluster.Network.Slow(from, node.Host, cluster.Network.Timings.LongestDelay));
                break;
        }
    }

    private void ForAWhile(FaultKind kind, string words, string end, Func<NetworkFaults, NetworkFaults> begin, Func<NetworkFaults, NetworkFaults> mend)
    {
        Tell(kind, words);
        cluster.Network.Faults = begin(cluster.Network.Faults);
        Later(500, 4000, end, () => true, () => cluster.Network.Faults = mend(cluster.Network.Faults));
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

        Later(shortestMs, 6000, $"free again: {what}", () => true, () =>
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

    private bool AreNodes(SimulatedHost from, SimulatedHost to) => cluster.Nodes.Any(node => node.Host == from) && cluster.Nodes.Any(node => node.Host == to);

    private static string Names(IEnumerable<SimulatedHost> hosts) => $"[{string.Join(' ', hosts.Select(host => host.Name))}]";
}
