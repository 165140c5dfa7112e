using System.Collections.Immutable;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Commands;

/// <summary>Writes the records of partitions that a topic gets. Live replicas are in sync from the start, the first of them leads.</summary>
internal static class NewPartitions
{
    public static void Append(
        ClusterView cluster, Uuid topicId, int firstPartition, IReadOnlyList<ImmutableArray<int>> assignment, List<MetadataRecord> records)
    {
        int id = firstPartition;
        foreach (ImmutableArray<int> replicas in assignment)
        {
            ImmutableArray<int> isr = [.. replicas.Where(replica => cluster.Broker(replica) is { IsActive: true })];
            var partition = new PartitionImage
            {
                Id = id++,
                Replicas = replicas,
                Directories = [.. replicas.Select(cluster.DefaultDirectory)],
                Isr = isr,
                Leader = isr.IsEmpty ? PartitionImage.NoLeader : isr[0],
                LeaderEpoch = new LeaderEpoch(0),
                PartitionEpoch = 0,
            };
            records.Add(partition.ToRecord(topicId, cluster.Version), cluster.Version.PartitionRecordVersion);
        }
    }
}

/// <summary>Checks replicas that an operator chose.</summary>
internal static class ManualAssignment
{
    /// <summary>Null when the assignment can be, otherwise a sentence that says why not.</summary>
    /// <param name="factor">How many replicas the topic's other partitions have; null for the first.</param>
    public static string? ProblemOf(MetadataImage image, int partition, ImmutableArray<int> replicas, int? factor)
    {
        if (partition < 0)
        {
            return $"Partition {partition}: allowed is at least 0.";
        }

        if (replicas.IsEmpty)
        {
            return $"Partition {partition} is assigned no replicas.";
        }

        if (replicas.Distinct().Count() != replicas.Length)
        {
            return $"Partition {partition} is assigned a broker twice: {string.Join(", ", replicas)}.";
        }

        foreach (int id in replicas)
        {
            if (!image.Brokers.ContainsKey(id))
            {
                return $"Partition {partition} is assigned broker {id}, which is not registered.";
            }
        }

        if (factor is { } others && others != replicas.Length)
        {
            return $"Partition {partition} is assigned {replicas.Length} replicas where the others have {others}.";
        }

        return replicas.Any(image.IsActive) ? null : $"Partition {partition} is assigned brokers none of which is alive: {string.Join(", ", replicas)}.";
    }
}
