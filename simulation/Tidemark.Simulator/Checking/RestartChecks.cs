using Tidemark.Metadata.Image;
using Tidemark.Simulator.Clusters;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>Invariant 10: a node that comes back on a disk without fault still has every committed record that it had.</summary>
public sealed class RestartChecks(SimulatedCluster cluster, PermittedLosses losses)
{
    private readonly Dictionary<(PartitionId Partition, int Node), (long End, int PowerLosses, string Directory)> _held = [];

    /// <summary>Forgets replicas that were moved away and topics that were deleted.</summary>
    public void Look(MetadataImage newest)
    {
        foreach ((PartitionId Partition, int Node) at in _held.Keys.ToList())
        {
            if (newest.Topics.Find(at.Partition.TopicId)?.Partition(at.Partition.Index) is not { } partition || !partition.Replicas.Contains(at.Node))
            {
                _held.Remove(at);
            }
        }
    }

    /// <summary>A running node holds a partition's committed records up to this offset. While the directory that it had is offline it begins anew in another.</summary>
    public void Holds(PartitionId partition, int node, PartitionLog log, long end)
    {
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
