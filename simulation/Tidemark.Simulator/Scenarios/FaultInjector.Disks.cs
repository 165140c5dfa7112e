using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Scenarios;

/// <content>What happens to disks.</content>
public sealed partial class FaultInjector
{
    private void BreakDisk(FaultKind kind, SimulatedNode node, bool mayEnd)
    {
        switch (kind)
        {
            case FaultKind.SlowDisk when node.FlushDelayMax == TimeSpan.Zero:
                node.FlushDelayMax = Span(2, _random.Chance(0.3) ? 1500 : 100);
                Tell(kind, $"the disk of node {node.Id} takes up to {node.FlushDelayMax.TotalMilliseconds:0} ms to flush");
                Later(500, 5000, $"the disk of node {node.Id} is quick again", () => true, () => node.FlushDelayMax = TimeSpan.Zero);
                break;
            case FaultKind.FailingDisk when mayEnd && !node.HasBadDisk:
                // With the first directory goes the metadata log, and the node with it.
                string directory = plan.LogDirectories > 1 && _random.Chance(0.7) ? "/data2" : "/data/";
                bool reads = _random.Chance(0.5);
                Tell(kind, $"{directory} of node {node.Id} can be written no more{(reads ? ", nor read" : "")}");
                node.HasBadDisk = true;
                node.Disk.FailUnder(directory, reads, writes: true);
                MendLater(node);
                break;
            case FaultKind.FullDisk when mayEnd && !node.HasBadDisk:
                Tell(kind, $"the disk of node {node.Id} runs full");
                node.HasBadDisk = true;
                node.Disk.CapacityBytes = node.Disk.UsedBytes + _random.Next(40_000);
                MendLater(node);
                break;
        }
    }

    /// <summary>A directory that failed stays offline until its node is started again.</summary>
    private void MendLater(SimulatedNode node) => cluster.Time.Post(Span(500, 5000), () =>
    {
        if (!_ended)
        {
            trace.Tell($"the disk of node {node.Id} is mended, and the node started again");
            HealDisk(node);
            if (!node.IsRunning)
            {
                node.Return();
            }
        }
    });

    private void HealDisk(SimulatedNode node)
    {
        node.FlushDelayMax = TimeSpan.Zero;
        node.Disk.Heal();
        node.Disk.CapacityBytes = 1L << 40;
        if (node.HasBadDisk)
        {
            node.HasBadDisk = false;
            if (node.IsRunning)
            {
                Resume(node);
                node.Kill();
            }
        }
    }
}
