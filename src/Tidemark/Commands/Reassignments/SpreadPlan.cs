using Tidemark.Client.Cluster;
using Tidemark.Primitives;

namespace Tidemark.Commands.Reassignments;

/// <summary>
/// A proposal for where replicas should be: first replicas go round the brokers, the others follow with a shift that grows with each
/// round, so that the followers of one broker's partitions spread over all others; no two replicas share a rack while racks are left.
/// </summary>
internal static class SpreadPlan
{
    /// <param name="topics">Each partition keeps its number of replicas.</param>
    /// <param name="brokers">Those that may be used, with their racks.</param>
    /// <exception cref="CommandException">A partition has more replicas than there are brokers.</exception>
    public static IReadOnlyList<PartitionAssignment> Of(IEnumerable<TopicInfo> topics, IReadOnlyList<BrokerInfo> brokers)
    {
        List<BrokerInfo> order = InterleaveRacks(brokers);
        bool hasRacks = order.TrueForAll(broker => broker.Rack is not null);
        var plan = new List<PartitionAssignment>();
        int at = 0;
        foreach (TopicInfo topic in topics)
        {
            foreach (PartitionInfo partition in topic.Partitions)
            {
                if (partition.Replicas.Count > order.Count)
                {
                    throw new CommandException(ExitCode.Usage, $"partition {topic.Name}-{partition.Partition} has {partition.Replicas.Count} replicas, and only {order.Count} brokers are named");
                }

                plan.Add(new PartitionAssignment(new TopicPartition(topic.Name, partition.Partition), Choose(order, hasRacks, at++, partition.Replicas.Count)));
            }
        }

        return plan;
    }

    private static List<int> Choose(List<BrokerInfo> order, bool hasRacks, int at, int count)
    {
        BrokerInfo first = order[at % order.Count];
        var chosen = new List<BrokerInfo> { first };
        int shift = at / order.Count;
        List<BrokerInfo> rest = [.. Enumerable.Range(1, order.Count - 1).Select(i => order[((at % order.Count) + i) % order.Count])];
        rest = [.. rest.Select((_, i) => rest[(i + shift) % rest.Count])];
        while (chosen.Count < count)
        {
            BrokerInfo next = (hasRacks ? rest.Find(broker => chosen.TrueForAll(c => c.Rack != broker.Rack)) : null) ?? rest[0];
            rest.Remove(next);
            chosen.Add(next);
        }

        return [.. chosen.Select(broker => broker.Id.Value)];
    }

    /// <summary>The brokers by number, one of each rack in turn.</summary>
    private static List<BrokerInfo> InterleaveRacks(IEnumerable<BrokerInfo> brokers) =>
    [
        .. brokers.GroupBy(broker => broker.Rack, StringComparer.Ordinal)
            .SelectMany(rack => rack.OrderBy(b => b.Id.Value).Select((broker, i) => (Broker: broker, Round: i)))
            .OrderBy(each => each.Round).ThenBy(each => each.Broker.Rack, StringComparer.Ordinal).ThenBy(each => each.Broker.Id.Value)
            .Select(each => each.Broker),
    ];
}
