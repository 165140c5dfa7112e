using Tidemark.Metadata.Image;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Where committed records may be gone, as in Kafka: everywhere when the scenario says so, for example with unclean elections; otherwise in a
/// partition that was given to its last leader after that machine lost power.
/// </summary>
/// <remarks>
/// That happens when nobody is in sync or eligible any more, because all who were by then came back without proof of a clean stop (KIP-966). The mark of a
/// clean stop is all that a controller has to judge by: it cannot tell a process that was killed, and has everything, from a machine that lost
/// power, and may have nothing. So both have to leave, and of those who are equal in its eyes it takes the one that led last. If that one did lose power,
/// what nobody had flushed is gone, also where another member was only killed: the rule of section "the last known leader" permits it, and a
/// product that keeps Kafka's metadata cannot do better. Nothing else is permitted: whoever is elected out of ISR or ELR holds everything, so does a last
/// leader that was only killed, and where appends are flushed before they count no loss of power takes any.
/// </remarks>
/// <param name="everywhere">The scenario permits it.</param>
/// <param name="flushes">Every append is flushed before it counts, so that power takes nothing.</param>
public sealed class PermittedLosses(SimulatedCluster cluster, bool everywhere, bool flushes)
{
    private readonly HashSet<PartitionId> _lost = [];
    private readonly Dictionary<(PartitionId Partition, int Node), int> _wholeAt = [];

    /// <summary>Looks at what was committed within the present event, before somebody is blamed for what an election that nobody looked at yet permits.</summary>
    public Action? CatchUp { get; set; }

    /// <summary>Whether power may take what a node holds.</summary>
    public bool PowerTakes => !flushes;

    /// <summary>As of the last look.</summary>
    public bool MayLose(PartitionId partition) => everywhere || _lost.Contains(partition);

    /// <summary>As of now.</summary>
    public bool MayLoseByNow(PartitionId partition)
    {
        if (!MayLose(partition))
        {
            CatchUp?.Invoke();
        }

        return MayLose(partition);
    }

    /// <summary>Notes who holds all that is committed in a partition.</summary>
    /// <param name="end">The end of what is committed.</param>
    /// <param name="endOn">Where a node's log ends; null while it is not known.</param>
    public void Note(PartitionId id, PartitionImage image, long end, Func<int, long?> endOn)
    {
        foreach (int replica in image.Replicas)
        {
            if (endOn(replica) >= end)
            {
                _wholeAt[(id, replica)] = cluster[replica].PowerLosses;
            }
        }
    }

    /// <summary>Told of every committed change of the metadata: finds last leaders that were elected after they lost power.</summary>
    public void OnChange(MetadataImage before, MetadataImage after)
    {
        if (everywhere || flushes || ReferenceEquals(before.Topics, after.Topics))
        {
            return;
        }

        foreach (TopicImage topic in after.Topics.InOrder())
        {
            TopicImage? old = before.Topics.Find(topic.Id);
            foreach (PartitionImage partition in ReferenceEquals(old, topic) ? [] : topic.Partitions)
            {
                var id = new PartitionId(topic.Name, topic.Id, partition.Id);
                if (partition.HasLeader && partition.LeaderRecoveryState == PartitionImage.Recovering
                    && partition.LeaderEpoch != old?.Partition(partition.Id)?.LeaderEpoch
                    && _wholeAt.GetValueOrDefault((id, partition.Leader)) != cluster[partition.Leader].PowerLosses)
                {
                    _lost.Add(id);
                }
            }
        }
    }
}
