using Tidemark.Chaos.Clients;
using Tidemark.Chaos.Networks;
using Tidemark.Chaos.Nodes;
using Tidemark.Simulator;

namespace Tidemark.Chaos.Faults;

/// <summary>Carries a fault out, from its beginning to its end: when it returns nothing is broken any more, though the cluster may not have recovered.</summary>
internal sealed class FaultInjector(IReadOnlyList<ChaosNode> nodes, INodeNetwork network, IReadOnlyList<LoadedTopic> topics, Action<string> say)
{
    /// <summary>Kinds that this machine and this network allow.</summary>
    public IReadOnlyList<FaultKind> Possible =>
        [.. Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.FullDisk || nodes.All(node => node.Disk is not null))];

    /// <summary>Whether the fault takes away what one node had: then all others must have it.</summary>
    public static bool NeedsAllInSync(FaultKind kind) => kind is FaultKind.CutTail;

    /// <param name="stop">Ends the time that a fault lasts; what was broken is mended all the same.</param>
    /// <exception cref="TimeoutException">A node did not end when it was told to.</exception>
    public async Task RunAsync(Fault fault, CancellationToken stop)
    {
        ChaosNode node = nodes[fault.Node - 1];
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                await node.KillAsync();
                await LastAsync(fault, stop);
                Start(node);
                break;
            case FaultKind.KillAll:
                await Task.WhenAll(nodes.Select(each => each.KillAsync()));
                await LastAsync(fault, stop);
                foreach (ChaosNode each in nodes)
                {
                    Start(each);
                }

                break;
            case FaultKind.Freeze:
                node.Freeze();
                await LastAsync(fault, stop);
                node.GoOn();
                break;
            case FaultKind.Stop:
                await node.StopAsync();
                await LastAsync(fault, stop);
                Start(node);
                break;
            case FaultKind.Isolate:
                await network.IsolateAsync(fault.Node);
                await LastAsync(fault, stop);
                await network.HealAsync();
                break;
            case FaultKind.OneWay:
                await network.CutAsync(fault.Node, fault.Other);
                await LastAsync(fault, stop);
                await network.HealAsync();
                break;
            case FaultKind.FullDisk:
                await node.Disk!.FillAsync();
                await LastAsync(fault, stop);
                await node.KillAsync();
                await node.Disk.EmptyAsync();
                Start(node);
                break;
            case FaultKind.CutTail:
                await node.KillAsync();
                say("  " + TailCutter.Cut(node, topics, new SeededRandom(fault.Seed)));
                await LastAsync(fault, stop);
                Start(node);
                break;
        }
    }

    private void Start(ChaosNode node)
    {
        node.Start();
        network.Started(node.Id, node.ProcessId ?? 0);
    }

    private static async Task LastAsync(Fault fault, CancellationToken stop)
    {
        try
        {
            await Task.Delay(fault.Lasts, stop);
        }
        catch (OperationCanceledException)
        {
            // The run is to end; the fault ends sooner.
        }
    }
}
