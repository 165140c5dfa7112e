using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Commands;

/// <summary>What a change of a broker means for the partitions that it holds.</summary>
internal static class BrokerPartitions
{
    /// <summary>Takes a broker out of the ISR of all its partitions; others lead where they can.</summary>
    /// <param name="cluster">The cluster with the broker as it will be.</param>
    /// <param name="cameBackUnclean">True when what the broker acknowledged may be lost, so that it may not even stay eligible.</param>
    public static void Leave(ClusterView cluster, int broker, bool cameBackUnclean, List<MetadataRecord> records)
    {
        foreach (TopicImage topic in cluster.Image.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                bool isConcerned = partition.Isr.Contains(broker)
                    || partition.Leader == broker
                    || (cameBackUnclean && partition.EligibleLeaderReplicas.Contains(broker));
                if (!isConcerned)
                {
                    continue;
                }

                var change = new PartitionChange(topic, partition, cluster)
                {
                    Isr = Plants.IsOn(Plant.FencedStaysInSync) ? partition.Isr : [.. partition.Isr.Where(id => id != broker)],
                    UncleanReplica = cameBackUnclean ? broker : -1,
                };
                Add(change, records);
            }
        }
    }

    /// <summary>
    /// Lets others lead where a broker led. There it stays in sync for the time being: what the new leader commits then waits for it, and
    /// so for its knowing that it leads no more. Where it only follows it leaves the ISR at once.
    /// </summary>
    /// <param name="cluster">The cluster with the broker as it will be.</param>
    public static void GiveUpLeaderships(ClusterView cluster, int broker, List<MetadataRecord> records)
    {
        foreach (TopicImage topic in cluster.Image.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                if (partition.Leader != broker && !partition.Isr.Contains(broker))
                {
                    continue;
                }

                bool canBeFollowed = partition.Leader == broker && partition.Isr.Any(id => id != broker && cluster.CanLead(id, partition.DirectoryOf(id)));
                Add(new PartitionChange(topic, partition, cluster) { Isr = canBeFollowed ? partition.Isr : [.. partition.Isr.Where(id => id != broker)] }, records);
            }
        }
    }

    /// <summary>Gives a leader to those of a broker's partitions that have none, now that it is alive.</summary>
    public static void Join(ClusterView cluster, int broker, List<MetadataRecord> records)
    {
        foreach (TopicImage topic in cluster.Image.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                if (!partition.HasLeader && partition.Replicas.Contains(broker))
                {
                    Add(new PartitionChange(topic, partition, cluster), records);
                }
            }
        }
    }

    /// <summary>
    /// What <see cref="Leave"/> and <see cref="Join"/> come to for a broker that is back at once: it leads again what it led, or what nobody
    /// leads. When it came back uncleanly it stays in sync only where nobody else is.
    /// </summary>
    public static void Return(ClusterView cluster, int broker, bool cameBackUnclean, List<MetadataRecord> records)
    {
        foreach (TopicImage topic in cluster.Image.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                if (!partition.Replicas.Contains(broker)
                    || (partition.HasLeader && !(cameBackUnclean && (partition.Isr.Contains(broker) || partition.EligibleLeaderReplicas.Contains(broker)))))
                {
                    continue;
                }

                var change = new PartitionChange(topic, partition, cluster);
                if (cameBackUnclean)
                {
                    change.UncleanReplica = broker;
                    change.Isr = [.. partition.Isr.Where(id => id != broker)];
                }

                Add(change, records);
            }
        }
    }

    /// <summary>Moves the leadership away from replicas whose directory on the broker is lost.</summary>
    public static void LoseDirectories(ClusterView cluster, int broker, IReadOnlySet<Uuid> lost, List<MetadataRecord> records)
    {
        foreach (TopicImage topic in cluster.Image.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                if (!partition.Replicas.Contains(broker) || !lost.Contains(partition.DirectoryOf(broker)))
                {
                    continue;
                }

                Add(new PartitionChange(topic, partition, cluster) { Isr = [.. partition.Isr.Where(id => id != broker)] }, records);
            }
        }
    }

    public static bool Leads(MetadataImage image, int broker) =>
        image.Topics.ById.Values.Any(topic => topic.Partitions.Any(partition => partition.Leader == broker));

    internal static void Add(PartitionChange change, List<MetadataRecord> records)
    {
        if (change.Build() is { } record)
        {
            records.Add(record);
        }
    }
}
