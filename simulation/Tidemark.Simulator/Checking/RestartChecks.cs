using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Clusters;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>Invariant 10: a node that comes back on a disk without fault still has every committed record that it had.</summary>
public sealed class RestartChecks(SimulatedCluster cluster, PermittedLosses losses)
{
    private readonly Dictionary<(PartitionId Partition, int Node), (long End, int PowerLosses, string Directory)> _held = [];
    private readonly Dictionary<(PartitionId Partition, int Node), Offset> _addedAt = [];

    /// <summary>Forgets replicas that were moved away, and begins anew with those that are added.</summary>
    public void OnChange(PartitionId id, PartitionImage? before, PartitionImage now, Offset at)
    {
        foreach (int node in before?.Replicas.Except(now.Replicas) ?? [])
        {
            _held.Remove((id, node));
            _addedAt.Remove((id, node));
        }

        foreach (int node in now.Replicas.Except(before?.Replicas ?? []))
        {
            _addedAt[(id, node)] = at;
        }
    }

    /// <summary>A running node holds a partition's committed records up to this offset. While the directory that it had is offline it begins anew in another.</summary>
    public void Holds(PartitionId partition, int node, PartitionLog log, long end)
    {
        if (!_addedAt.TryGetValue((partition, node), out Offset added) || cluster[node].Broker!.Cluster.Image.LastOffset < added)
        {
            // What it has yet is of an assignment that is over, and goes when it hears of that.
            return;
        }

        int powerLosses = cluster[node].PowerLosses;
        if (_held.TryGetValue((partition, node), out (long End, int PowerLosses, string Directory) before)
            && end < before.End && (before.PowerLosses == powerLosses || !losses.PowerTakes)
            && cluster[node].Broker!.Directories.All.Any(each => !each.IsOffline && before.Directory.StartsWith(each.Path + "/", StringComparison.Ordinal)))
        {
            throw new BrokenRuleException("10 what is committed outlives a restart", $"{partition}: node {node} held it up to {before.End} and holds it up to {end}");
        }

        _held[(partition, node)] = (end, powerLosses, log.Directory);
    }
}
