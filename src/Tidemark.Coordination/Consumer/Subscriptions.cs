using Tidemark.Coordination.Consumer.Assigning;

namespace Tidemark.Coordination.Consumer;

/// <summary>Which topics members read, as an assignor wants it. Members that subscribe alike, as most do, are looked at once.</summary>
internal static class Subscriptions
{
    public static GroupToAssign Of(ConsumerGroup group, ICoordinatorTopics topics)
    {
        var known = new List<(IReadOnlyList<string> Names, string Regex, SortedSet<string> Topics)>();
        var members = new List<(ConsumerMember Member, int Subscription)>(group.Members.Count);
        var byKey = new Dictionary<(IReadOnlyList<string> Names, string Regex), int>(SameSubscription.Instance);
        foreach (ConsumerMember member in group.Members.Values)
        {
            if (!byKey.TryGetValue((member.TopicNames, member.TopicRegex), out int at))
            {
                at = known.Count;
                byKey.Add((member.TopicNames, member.TopicRegex), at);
                var names = new SortedSet<string>(member.TopicNames, StringComparer.Ordinal);
                if (group.Regexes.TryGetValue(member.TopicRegex, out ResolvedRegex? found))
                {
                    names.UnionWith(found.Topics);
                }

                known.Add((member.TopicNames, member.TopicRegex, names));
            }

            members.Add((member, at));
        }

        // In the order of their names, so that the outcome is the same for the same names whatever ids they have.
        var existing = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in known.SelectMany(k => k.Topics))
        {
            existing.TryAdd(name, 0);
        }

        var toAssign = new List<TopicToAssign>(existing.Count);
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in existing.Keys)
        {
            if (topics.Find(name) is { } topic)
            {
                indexes.Add(name, toAssign.Count);
                toAssign.Add(new TopicToAssign(topic.Id, topic.Partitions));
            }
        }

        int[][] read = [.. known.Select(k => k.Topics.Where(indexes.ContainsKey).Select(n => indexes[n]).ToArray())];
        return new GroupToAssign(
            toAssign,
            [.. members.Select(m => new MemberToAssign(m.Member.Id, m.Member.InstanceId, read[m.Subscription], group.TargetOf(m.Member.Id, null)))]);
    }

    private sealed class SameSubscription : IEqualityComparer<(IReadOnlyList<string> Names, string Regex)>
    {
        public static readonly SameSubscription Instance = new();

        public bool Equals((IReadOnlyList<string> Names, string Regex) x, (IReadOnlyList<string> Names, string Regex) y) =>
            x.Regex == y.Regex && (ReferenceEquals(x.Names, y.Names) || x.Names.SequenceEqual(y.Names, StringComparer.Ordinal));

        public int GetHashCode((IReadOnlyList<string> Names, string Regex) key)
        {
            int hash = KeyPartition.HashOf(key.Regex) + key.Names.Count;
            return key.Names.Count == 0 ? hash : unchecked((hash * 31) + KeyPartition.HashOf(key.Names[0]) + KeyPartition.HashOf(key.Names[^1]));
        }
    }
}
