using Tidemark.Coordination.Consumer.Expressions;

namespace Tidemark.Coordination.Consumer;

/// <summary>Subscriptions by regular expression: which topics they stand for is looked up beside the heartbeats, for all expressions of a group at once.</summary>
public sealed partial class ConsumerGroups
{
    /// <summary>Follows a change of the member's expression, and has the group's expressions resolved when that is due.</summary>
    /// <returns>Whether it changed, and whether it is known already what the new one stands for.</returns>
    private (bool Changed, bool Resolved) FollowRegex(ConsumerGroup group, ConsumerMember before, ConsumerMember after, ShardTime now)
    {
        bool changed = before.TopicRegex != after.TopicRegex;
        bool resolved = false;
        bool isUnknown = false;
        if (changed)
        {
            if (before.TopicRegex.Length > 0 && !group.RegexCounts.ContainsKey(before.TopicRegex) && group.Regexes.ContainsKey(before.TopicRegex))
            {
                Shard.Write(ConsumerRecords.NoRegex(group.Id, before.TopicRegex));
                group = Again(group);
            }

            resolved = after.TopicRegex.Length == 0 ? before.TopicRegex.Length > 0 : group.Regexes.ContainsKey(after.TopicRegex);
            isUnknown = after.TopicRegex.Length > 0 && group.RegexCounts.GetValueOrDefault(after.TopicRegex) <= 1;
        }

        if (group.RegexCounts.IsEmpty)
        {
            return (changed, resolved);
        }

        GroupActivity activity = ActivityOf(group.Id);
        long last = Math.Max(activity.ResolvedAtMs, LastResolvedMs(group));
        if (now.UnixMs <= last + RegexRefreshMinMs && now.UnixMs >= last)
        {
            return (changed, resolved);
        }

        if (isUnknown
            || group.Regexes.Count != group.RegexCounts.Count
            || activity.ResolvedView != _view
            || now.UnixMs > last + Shard.View.Groups.RegexRefreshMs)
        {
            _deadlines.Set(new ConsumerTimer(group.Id, "", TimerKind.Regex), now.Monotonic);
        }

        return (changed, resolved);
    }

    private static long LastResolvedMs(ConsumerGroup group)
    {
        long last = 0;
        foreach (ResolvedRegex regex in group.Regexes.Values)
        {
            last = Math.Max(last, regex.TimestampMs);
        }

        return last;
    }

    private void ResolveRegexes(ConsumerGroup group, ShardTime now)
    {
        GroupActivity activity = ActivityOf(group.Id);
        activity.ResolvedView = _view;
        activity.ResolvedAtMs = now.UnixMs;
        var found = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var wanted = new List<(TopicRegex Regex, List<string> Topics)>();
        foreach (string text in group.RegexCounts.Keys)
        {
            var topics = new List<string>();
            found.Add(text, topics);
            if (Compile(text, out _) is { } regex)
            {
                wanted.Add((regex, topics));
            }
        }

        foreach (CoordinatorTopic topic in Shard.View.Topics.All)
        {
            foreach ((TopicRegex regex, List<string> topics) in wanted)
            {
                if (regex.Matches(topic.Name))
                {
                    topics.Add(topic.Name);
                }
            }
        }

        List<string> changes = [];
        foreach ((string text, List<string> topics) in found)
        {
            IReadOnlyList<string> sorted = ConsumerReplay.Sorted(topics);
            ResolvedRegex? known = group.Regexes.GetValueOrDefault(text);
            bool same = known?.Topics.SequenceEqual(sorted, StringComparer.Ordinal) == true;
            if (same && now.UnixMs <= known!.TimestampMs + Shard.View.Groups.RegexRefreshMs)
            {
                continue;
            }

            Shard.Write(ConsumerRecords.Regex(group.Id, text, new ResolvedRegex(sorted, 0, now.UnixMs)));
            if (!same && (known?.Topics.Count ?? 0) + sorted.Count > 0)
            {
                changes.Add($"`{text}` stands for {sorted.Count} topics{(known is null ? "" : $", no longer for {known.Topics.Count}")}");
            }
        }

        group = Again(group);
        long hash = MetadataHash.Of(group, Shard.View.Topics);
        if (changes.Count > 0 || hash != group.MetadataHash)
        {
            activity.CheckedView = _view;
            Raise(group, hash, changes.Count > 0 ? string.Join("; ", changes) : "the topics it reads changed", now);
        }
    }
}
