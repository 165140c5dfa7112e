using System.Collections.Immutable;
using Tidemark.Metadata.Image;

namespace Tidemark.Metadata.Placement;

/// <summary>
/// Spreads replicas over the live brokers. Partition i's first replica stands on broker (start + i) mod n; the others follow in steps that
/// change with every round, so that the partitions which one broker leads do not all have their followers on the same next broker.
/// When every broker names its rack, the brokers are first put into an order that alternates racks, and no two replicas share a rack
/// while there are racks left.
/// </summary>
public static class ReplicaPlacement
{
    /// <summary>Chooses the replicas of new partitions, the preferred leader first.</summary>
    /// <param name="image">Its live brokers are placed on, but for those that take no new partitions.</param>
    /// <param name="partitions">How many partitions to place.</param>
    /// <param name="replicationFactor">How many replicas each gets.</param>
    /// <param name="start">A random number that says where to begin.</param>
    /// <param name="firstPartition">The number of the first partition, for topics that grow.</param>
    /// <returns>Null when there are too few such brokers.</returns>
    public static IReadOnlyList<ImmutableArray<int>>? Place(
        MetadataImage image, int partitions, int replicationFactor, uint start, int firstPartition = 0)
    {
        BrokerImage[] live = [.. image.Brokers.Values.Where(broker => broker.TakesPartitions)];
        if (replicationFactor > live.Length || live.Length == 0)
        {
            return null;
        }

        bool hasRacks = live.All(broker => broker.Rack is not null);
        int[] order = hasRacks ? AlternatingRacks(live) : [.. live.Select(broker => broker.Id)];
        Dictionary<int, string?> racks = live.ToDictionary(broker => broker.Id, broker => hasRacks ? broker.Rack : null);
        int rackCount = hasRacks ? racks.Values.Distinct().Count() : 0;
        var placed = new List<ImmutableArray<int>>(partitions);
        int n = order.Length;
        for (int i = 0; i < partitions; i++)
        {
            int index = firstPartition + i;
            int first = (int)((start + (uint)index) % (uint)n);
            int shift = (int)((start + (uint)(index / n)) % (uint)Math.Max(1, n - 1));
            placed.Add(PlaceOne(order, racks, rackCount, first, shift, replicationFactor));
        }

        return placed;
    }

    private static ImmutableArray<int> PlaceOne(int[] order, Dictionary<int, string?> racks, int rackCount, int first, int shift, int replicationFactor)
    {
        int n = order.Length;
        var chosen = ImmutableArray.CreateBuilder<int>(replicationFactor);
        var usedRacks = new HashSet<string?>();
        chosen.Add(order[first]);
        usedRacks.Add(racks[order[first]]);

        // The first pass takes one broker a rack; when the racks are used up, a second takes whoever is left.
        for (int pass = rackCount == 0 ? 1 : 0; pass < 2 && chosen.Count < replicationFactor; pass++)
        {
            for (int step = 0; step < n - 1 && chosen.Count < replicationFactor; step++)
            {
                int candidate = order[(first + 1 + ((shift + step) % (n - 1))) % n];
                if (chosen.Contains(candidate) || (pass == 0 && usedRacks.Contains(racks[candidate])))
                {
                    continue;
                }

                chosen.Add(candidate);
                usedRacks.Add(racks[candidate]);
            }
        }

        return chosen.ToImmutable();
    }

    /// <summary>One broker of each rack in turn, until all are used.</summary>
    private static int[] AlternatingRacks(BrokerImage[] live)
    {
        List<Queue<int>> racks = [.. live
            .GroupBy(broker => broker.Rack, StringComparer.Ordinal)
            .OrderBy(rack => rack.Key, StringComparer.Ordinal)
            .Select(rack => new Queue<int>(rack.Select(broker => broker.Id)))];
        var order = new List<int>(live.Length);
        while (order.Count < live.Length)
        {
            foreach (Queue<int> rack in racks)
            {
                if (rack.TryDequeue(out int id))
                {
                    order.Add(id);
                }
            }
        }

        return [.. order];
    }
}
