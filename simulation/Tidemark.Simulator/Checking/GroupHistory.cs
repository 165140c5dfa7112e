namespace Tidemark.Simulator.Checking;

/// <summary>What members of groups were told: who owns what, and how far their groups have come.</summary>
/// <param name="now">The cluster's time.</param>
/// <param name="session">After this long without a heartbeat a member may have been put out of its group.</param>
/// <param name="mayLose">Whether committed records of the topics that this depends on may be gone.</param>
public sealed class GroupHistory(Func<TimeSpan> now, TimeSpan session, Func<bool> mayLose)
{
    private readonly Dictionary<(string Group, int Generation, int Partition), string> _generations = [];
    private readonly SortedDictionary<string, Holding> _holdings = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, int Partition), long> _committed = [];

    /// <summary>A classic group's coordinator gave a member its part of a generation.</summary>
    public void Assigned(string group, int generation, string member, IEnumerable<int> partitions)
    {
        foreach (int partition in partitions)
        {
            if (!_generations.TryAdd((group, generation, partition), member) && _generations[(group, generation, partition)] is var other && other != member)
            {
                Broken(
                    "16 one owner in a generation", $"{group}: partition {partition} is owned by {other} and by {member} in generation {generation}");
            }
        }
    }

    /// <summary>A member of a consumer group is about to say what it owns: it has given up all else. Answers when that was.</summary>
    public TimeSpan Holds(string group, string member, IEnumerable<int> partitions)
    {
        if (_holdings.TryGetValue(member, out Holding? known))
        {
            known.Partitions.IntersectWith(partitions);
        }
        else
        {
            _holdings[member] = new Holding(group, [.. partitions]) { HeardAt = now() };
        }

        return now();
    }

    /// <summary>Whether a session that was kept alive then may be over.</summary>
    public bool IsOver(TimeSpan said) => now() - said >= session;

    /// <summary>What a member said then was answered: its session goes on from there at least. Of what was not answered nobody knows whether it was heard.</summary>
    public void Heard(string member, TimeSpan at) => _holdings[member].HeardAt = at;

    /// <summary>A consumer group's coordinator said what a member owns.</summary>
    public void Given(string group, string member, IReadOnlyCollection<int> partitions)
    {
        foreach ((string other, Holding held) in _holdings)
        {
            if (other == member || held.Group != group || IsOver(held.HeardAt))
            {
                continue;
            }

            foreach (int partition in partitions.Where(held.Partitions.Contains))
            {
                Broken(
                    "16 one owner at a time", $"{group}: partition {partition} is given to {member}, and {other} still owns it, who was heard {(now() - held.HeardAt).TotalMilliseconds:0} ms ago");
            }
        }

        _holdings[member].Partitions.UnionWith(partitions);
    }

    /// <summary>A member was put out of its group, or left.</summary>
    public void Gone(string group, string member)
    {
        if (_holdings.TryGetValue(member, out Holding? held) && held.Group == group)
        {
            _holdings.Remove(member);
        }
    }

    /// <summary>How far the group has come by all that was acknowledged.</summary>
    public long Committed(string group, int partition) => _committed.GetValueOrDefault((group, partition));

    /// <summary>The commit of an offset was acknowledged.</summary>
    public void Commits(string group, int partition, long offset) =>
        _committed[(group, partition)] = Math.Max(offset, Committed(group, partition));

    /// <summary>A member was told where its group stands, asked when <paramref name="floor"/> was acknowledged.</summary>
    public void Fetched(string group, int partition, long offset, long floor, string member)
    {
        if (offset < floor)
        {
            Broken(
                "16 committed offsets never go back", $"{group}: {member} is told that partition {partition} is read up to {offset}, and {floor} was acknowledged before");
        }
    }

    private void Broken(string rule, string what)
    {
        if (!mayLose())
        {
            throw new BrokenRuleException(rule, what);
        }
    }

    private sealed record Holding(string Group, HashSet<int> Partitions)
    {
        public TimeSpan HeardAt { get; set; }
    }
}
