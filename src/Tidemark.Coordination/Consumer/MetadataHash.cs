using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// One number over all that matters of the topics a group reads: when it changes, the group has to be assigned anew. It stands in the group's record, so it may not
/// change from run to run. A topic that does not exist adds nothing; 0 where none does.
/// </summary>
internal static class MetadataHash
{
    private const ulong Start = 0xCBF2_9CE4_8422_2325;
    private const ulong Prime = 0x0000_0100_0000_01B3;

    public static long Of(ConsumerGroup group, ICoordinatorTopics topics)
    {
        ulong hash = Start;
        bool any = false;
        foreach (string name in NamesOf(group))
        {
            if (topics.Find(name) is { } topic)
            {
                any = true;
                hash = Mix(hash, topic.Hash);
            }
        }

        return any ? (long)hash : 0;
    }

    /// <summary>What a topic adds: <see cref="CoordinatorTopic.Hash"/> keeps it.</summary>
    public static ulong Of(CoordinatorTopic topic)
    {
        ulong hash = Mix(Mix(Text(Start, topic.Name), topic.Id.High), topic.Id.Low);
        hash = Mix(hash, (ulong)topic.Partitions);
        for (int p = 0; p < topic.Partitions; p++)
        {
            IReadOnlyList<string> racks = topic.RacksOf(p);
            if (racks.Count == 0)
            {
                continue;
            }

            hash = Mix(hash, (ulong)p);
            foreach (string rack in racks.Order(StringComparer.Ordinal))
            {
                hash = Text(hash, rack);
            }
        }

        return hash;
    }

    /// <summary>In order, each once.</summary>
    private static IEnumerable<string> NamesOf(ConsumerGroup group)
    {
        if (group.RegexCounts.IsEmpty)
        {
            return group.TopicCounts.Keys;
        }

        var names = new SortedSet<string>(group.TopicCounts.Keys, StringComparer.Ordinal);
        foreach ((string regex, ResolvedRegex found) in group.Regexes)
        {
            if (group.RegexCounts.ContainsKey(regex))
            {
                names.UnionWith(found.Topics);
            }
        }

        return names;
    }

    private static ulong Text(ulong hash, string text)
    {
        hash = Mix(hash, (ulong)text.Length);
        foreach (char unit in text)
        {
            hash = (hash ^ unit) * Prime;
        }

        return hash;
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * Prime;
        return (hash ^ (hash >> 29)) * Prime;
    }
}
