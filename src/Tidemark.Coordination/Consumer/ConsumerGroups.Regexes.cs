using Tidemark.Coordination.Consumer.Expressions;

namespace Tidemark.Coordination.Consumer;

/// <summary>Subscriptions by regular expression: which topics they stand for is looked up beside the heartbeats, for all expressions of a group at once.</summary>
public sealed partial class ConsumerGroups
{
    /// <summary>
    /// How much a turn looks up, of all groups together: some milliseconds. A single name costs no more than its length times the size of an expression.
    /// </summary>
    private const long LookupWorkMax = 1_000_000;

    private static readonly TimeSpan s_betweenLookups = TimeSpan.FromMilliseconds(1);

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

        // Who changes the group's only expression would otherwise read nothing until then.
        long last = group.Regexes.IsEmpty ? 0 : Math.Max(activity.ResolvedAtMs, LastResolvedMs(group));
        if (now.UnixMs <= last + RegexRefreshMinMs && now.UnixMs >= last)
        {
            return (changed, resolved);
        }

        if (isUnknown
            || group.Regexes.Count != group.RegexCounts.Count
            || activity.ResolvedView != _view
            || now.UnixMs > last + Shard.View.Groups.RegexRefreshMs)
        {
            ResolveLater(group, now, TimeSpan.Zero);
        }

        return (changed, resolved);
    }

    private void ResolveLater(ConsumerGroup group, ShardTime now, TimeSpan after) => _deadlines.Set(new ConsumerTimer(group.Id, "", TimerKind.Regex), now.Monotonic + after);

    private static long LastResolvedMs(ConsumerGroup group)
    {
        long last = 0;
        foreach (ResolvedRegex regex in group.Regexes.Values)
        {
            last = Math.Max(last, regex.TimestampMs);
        }

        return last;
    }

    /// <param name="work">How many steps of expressions may be looked at in this turn; what is left afterwards.</param>
    private void ResolveRegexes(ConsumerGroup group, ref long work, ShardTime now)
    {
        GroupActivity activity = ActivityOf(group.Id);
        RegexLookup lookup = activity.Lookup ??= new RegexLookup(group.RegexCounts.Keys.Select(text => (text, Compile(text, out _))), Shard.View.Topics, _view);
        if (!lookup.GoOn(ref work))
        {
            // Others come first: a deadline that is due would be taken in this very turn.
            ResolveLater(group, now, s_betweenLookups);
            return;
        }

        activity.Lookup = null;
        activity.ResolvedView = lookup.View;
        activity.ResolvedAtMs = now.UnixMs;
        if (group.RegexCounts.Keys.Any(text => !lookup.Found.ContainsKey(text)))
        {
            // Somebody came with another one meanwhile.
            ResolveLater(group, now, s_betweenLookups);
        }

        List<string> changes = [];
        foreach ((string text, List<string> topics) in lookup.Found.Where(found => group.RegexCounts.ContainsKey(found.Key)))
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
