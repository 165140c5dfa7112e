using Tidemark.Metadata.Image;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Network;

namespace Tidemark.Simulator.Scenarios;

/// <summary>Breaks things, each for a while, until told to heal them all.</summary>
/// <param name="metadata">Tells who is in sync, for those who shall lose power together.</param>
public sealed partial class FaultInjector(SimulatedCluster cluster, ScenarioPlan plan, ScenarioTrace trace, MetadataChecks metadata)
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
            HealDisk(node);
            if (!node.IsRunning)
            {
                node.Return();
            }
            else if (!node.Stopped.IsCompleted)
            {
                ReturnWhenDown(node);
            }
        }
    }

    /// <summary>A node has ended because its disk failed: its process is gone, and comes back when the disk is mended.</summary>
    public void EndedByDisk(SimulatedNode node, string why)
    {
        trace.Count("nodes ended by their disks");
        trace.Tell($"node {node.Id} ends because of its disk: {why.Split('\n')[0]}");
        node.Kill();
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
        bool isUp = IsUp(node) && cluster.Nodes.Count(each => !IsUp(each)) < plan.DownMax;
        switch (kind)
        {
            case FaultKind.Kill when isUp:
                Tell(kind, $"node {node.Id} is killed");
                node.Kill();
                ReturnLater(node, 100, 4000, "is started");
                break;
            case FaultKind.PowerLoss when isUp:
                LosePower(kind, [node], damages: false);
                break;
            case FaultKind.DamagedTail when isUp:
                LosePower(kind, [node], damages: true);
                break;
            case FaultKind.Blackout when _random.Chance(0.4):
                Blackout();
                break;
            case FaultKind.EarlierLife when isUp:
                LeaveLetters(node);
                break;
            case FaultKind.Pause when isUp:
                Tell(kind, $"node {node.Id} is paused");
                node.Pause();
                _paused.Add(node.Id);
                Later(100, 6000, $"node {node.Id} goes on", () => _paused.Contains(node.Id), () => Resume(node));
                break;
            case FaultKind.GracefulStop when isUp && node.Started.IsCompletedSuccessfully:
                Tell(kind, $"node {node.Id} is told to stop");
                node.Stop();
                ReturnWhenDown(node);
                break;
            case FaultKind.ClockJump:
                // Not as far as producers' stamps would be refused.
                TimeSpan offset = TimeSpan.FromSeconds(_random.Between(-1500, 1500));
                Tell(kind, $"the wall clock of node {node.Id} jumps by {(offset - node.WallClockOffset).TotalSeconds:0} s");
                node.WallClockOffset = offset;
                break;
            case FaultKind.SlowDisk or FaultKind.FailingDisk or FaultKind.FullDisk when IsUp(node):
                BreakDisk(kind, node, isUp);
                break;
            default:
                BreakNetwork(kind, node);
                break;
        }
    }

    private void Blackout()
    {
        // Those that are up; the others are without power anyway, or hold on to it.
        SimulatedNode[] all = [.. cluster.Nodes.Where(each => each.IsRunning)];
        PartitionImage[] partitions = [.. metadata.Newest.Topics.InOrder().SelectMany(topic => topic.Partitions)];
        bool isSome = partitions.Length > 0 && _random.Chance(0.6);
        SimulatedNode[] some = isSome && partitions[_random.Next(partitions.Length)].Isr is var members ? [.. all.Where(each => members.Contains(each.Id))] : all;
        if (some.Length > 0)
        {
            LosePower(FaultKind.Blackout, some, damages: _random.Chance(0.3));
        }
    }

    private void LeaveLetters(SimulatedNode node)
    {
        SimulatedNode[] others = [.. cluster.Nodes.Where(each => each != node)];
        SimulatedNode to = others[_random.Next(others.Length)];
        TimeSpan late = Span(800, 3000);
        trace.Tell($"up to {late.TotalSeconds:0.00} s from node {node.Id} to node {to.Id}");
        cluster.Network.Slow(node.Host, to.Host, late);
        Later(2500, 6000, $"node {node.Id} reaches node {to.Id} quickly again", () => true, () => cluster.Network.Slow(node.Host, to.Host, cluster.Network.Timings.LongestDelay));
        cluster.Time.Post(Span(100, 800), () =>
        {
            if (!_ended && IsUp(node))
            {
                LosePower(FaultKind.EarlierLife, [node], damages: false, longestMs: 400);
            }
        });
    }

    private void LosePower(FaultKind kind, SimulatedNode[] nodes, bool damages, int longestMs = 5000)
    {
        string names = string.Join(' ', nodes.Select(node => node.Id));
        Tell(kind, $"{(nodes.Length > 1 ? "nodes" : "node")} {names} {(nodes.Length > 1 ? "lose" : "loses")} power{(damages ? ", with damage to what was not flushed" : "")}");
        foreach (SimulatedNode node in nodes)
        {
            _paused.Remove(node.Id);
            node.Disk.DamagesTails = damages;
            node.LosePower();
            ReturnLater(node, Math.Min(300, longestMs / 4), longestMs, "has power again");
        }
    }

    private bool IsUp(SimulatedNode node) => node.IsRunning && !_paused.Contains(node.Id) && node.Stopped.IsCompleted;

    private void ReturnLater(SimulatedNode node, int shortestMs, int longestMs, string how) =>
        Later(shortestMs, longestMs, $"node {node.Id} {how}", () => !node.IsRunning, node.Return);

    /// <summary>Waits for a node that is on its way to stop, also when everything is healed meanwhile.</summary>
    private void ReturnWhenDown(SimulatedNode node) => cluster.Time.Post(Span(50, 400), () =>
    {
        if (node.IsRunning && !node.Stopped.IsCompleted)
        {
            ReturnWhenDown(node);
        }
        else if (!node.IsRunning)
        {
            trace.Tell($"node {node.Id} has stopped");
            if (_ended)
            {
                node.Return();
            }
            else
            {
                ReturnLater(node, 50, 3000, "is started");
            }
        }
    });

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
