using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Groups;

/// <summary>
/// What the members of classic groups of consumers tell each other: opaque to the coordinator, and each of them opening with its version. Whoever
/// reads takes a version that is newer than he knows for the newest that he does.
/// </summary>
public static class ClassicAssignment
{
    /// <summary>The kind of protocol that consumers speak.</summary>
    public const string ProtocolType = "consumer";

    /// <summary>The partitions of an assignment; none where it is empty or cannot be read.</summary>
    public static IReadOnlyList<TopicPartition> Read(ReadOnlyMemory<byte> assignment)
    {
        if (assignment.Length < sizeof(short))
        {
            return [];
        }

        try
        {
            var reader = new WireReader(assignment);
            short version = Math.Min(reader.ReadInt16(), ConsumerProtocolAssignment.HighestVersion);
            return [.. ConsumerProtocolAssignment.Read(ref reader, version).AssignedPartitions.SelectMany(t => t.Partitions.Select(p => new TopicPartition(t.Topic, p)))];
        }
        catch (ProtocolException)
        {
            return [];
        }
    }

    public static byte[] Write(IEnumerable<TopicPartition> partitions)
    {
        var assignment = new ConsumerProtocolAssignment
        {
            AssignedPartitions =
            [
                .. partitions.GroupBy(p => p.Topic).Select(t => new ConsumerProtocolAssignment.TopicPartition { Topic = t.Key, Partitions = [.. t.Select(p => p.Partition)] }),
            ],
        };
        return Versioned(0, assignment);
    }

    /// <summary>The topics that a member subscribes to.</summary>
    public static byte[] Subscription(params IEnumerable<string> topics) => Versioned(0, new ConsumerProtocolSubscription { Topics = [.. topics] });

    public static IReadOnlyList<string> ReadSubscription(ReadOnlyMemory<byte> subscription)
    {
        var reader = new WireReader(subscription);
        short version = Math.Min(reader.ReadInt16(), ConsumerProtocolSubscription.HighestVersion);
        return ConsumerProtocolSubscription.Read(ref reader, version).Topics;
    }

    /// <summary>Kafka's range assignor: of each topic the members that want it, in the order of their ids, get ranges that differ by one at most.</summary>
    public static IReadOnlyDictionary<string, List<TopicPartition>> Range(IReadOnlyDictionary<string, IReadOnlyList<string>> topicsOf, IReadOnlyDictionary<string, int> partitionsOf)
    {
        var assigned = topicsOf.Keys.ToDictionary(m => m, _ => new List<TopicPartition>());
        foreach ((string topic, int count) in partitionsOf.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            string[] members = [.. topicsOf.Where(m => m.Value.Contains(topic)).Select(m => m.Key).Order(StringComparer.Ordinal)];
            int next = 0;
            for (int i = 0; i < members.Length; i++)
            {
                int share = (count / members.Length) + (i < count % members.Length ? 1 : 0);
                assigned[members[i]].AddRange(Enumerable.Range(next, share).Select(p => new TopicPartition(topic, p)));
                next += share;
            }
        }

        return assigned;
    }

    private static byte[] Versioned(short version, IMessage message)
    {
        using var writer = new WireWriter();
        writer.WriteInt16(version);
        message.Write(writer, version);
        return writer.WrittenSpan.ToArray();
    }
}
