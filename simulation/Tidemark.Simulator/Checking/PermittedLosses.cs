using Tidemark.Metadata.Image;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Where committed records may be gone, as in Kafka: everywhere when the scenario says so, for example with unclean elections; otherwise in a
/// partition from the moment on in which every replica that may lead has lost power since it was last seen with all that is committed, so
/// that none is left whose memory held what nobody had flushed.
/// </summary>
/// <param name="everywhere">The scenario permits it.</param>
/// <param name="flushes">Every append is flushed before it counts, so that power takes nothing.</param>
public sealed class PermittedLosses(SimulatedCluster cluster, bool everywhere, bool flushes)
{
    private readonly HashSet<PartitionId> _lost = [];
    private readonly Dictionary<(PartitionId Partition, int Node), int> _wholeAt = [];

    public bool MayLose(PartitionId partition) => everywhere || _lost.Contains(partition);

    /// <summary>Whether power may take what a node holds.</summary>
    public bool PowerTakes => !flushes;

    /// <summary>Looks whether some replica in sync or eligible has kept its memory since it held all; true when records may be lost.</summary>
    /// <param name="end">The end of what is committed.</param>
    /// <param name="endOn">Where a node's log ends; null while it is not known.</param>
    public bool MayLose(PartitionId id, PartitionImage image, long end, Func<int, long?> endOn)
    {
        if (MayLose(id) || flushes)
        {
            return MayLose(id);
        }

        bool isKept = cluster.Nodes.All(node => node.PowerLosses == 0);
        foreach (int member in image.Isr.Concat(image.EligibleLeaderReplicas).Concat(image.LastKnownEligibleLeaderReplicas))
        {
            if (end == 0 || endOn(member) >= end)
            {
                _wholeAt[(id, member)] = cluster[member].PowerLosses;
            }

            isKept |= _wholeAt.TryGetValue((id, member), out int losses) && losses == cluster[member].PowerLosses;
        }

        if (!isKept && end > 0)
        {
            _lost.Add(id);
        }

        return MayLose(id);
    }
}
