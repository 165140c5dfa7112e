namespace Tidemark.Coordination.Consumer.Assigning;

/// <summary>
/// The uniform assignment of members that read different topics. First what nobody has is given out, topics with the most partitions for each reader first, always to the
/// reader with the least; then, topic by topic, partitions go from the reader with the most to the one with the least while
/// that makes them more even. Moves of one topic may make room for moves of another, so the topics are gone through until nothing moves.
/// </summary>
internal sealed class UnevenSubscriptions
{
    /// <summary>Most groups are done in two rounds; long chains of overlapping subscriptions may stay a little uneven rather than take long.</summary>
    private const int RoundsMax = 16;

    private readonly GroupToAssign _group;
    private readonly PartitionTable _table;
    private readonly int[][] _readers;
    private readonly int[] _order;

    public UnevenSubscriptions(GroupToAssign group, PartitionTable table)
    {
        _group = group;
        _table = table;
        var readers = new List<int>[group.Topics.Count];
        for (int t = 0; t < readers.Length; t++)
        {
            readers[t] = [];
        }

        for (int m = 0; m < group.Members.Count; m++)
        {
            foreach (int topic in group.Members[m].Topics)
            {
                readers[topic].Add(m);
            }
        }

        _readers = [.. readers.Select(r => r.ToArray())];
        _order = [.. Enumerable.Range(0, _readers.Length).Where(t => _readers[t].Length > 0)];
        Array.Sort(_order, Compare);
    }

    public void Assign()
    {
        foreach (int topic in _order)
        {
            GiveOut(topic);
        }

        bool moved = true;
        for (int round = 0; moved && round < RoundsMax; round++)
        {
            moved = false;
            foreach (int topic in _order)
            {
                moved |= Level(topic);
            }
        }
    }

    /// <summary>More partitions for each reader first, then fewer readers, then the order of topics.</summary>
    private int Compare(int a, int b)
    {
        long one = (long)_group.Topics[a].Partitions * _readers[b].Length;
        long other = (long)_group.Topics[b].Partitions * _readers[a].Length;
        int order = other.CompareTo(one);
        order = order != 0 ? order : _readers[a].Length.CompareTo(_readers[b].Length);
        return order != 0 ? order : a.CompareTo(b);
    }

    private void GiveOut(int topic)
    {
        ReadOnlySpan<int> owners = _table.OwnersOf(topic);
        if (owners.IndexOf(PartitionTable.Nobody) < 0)
        {
            return;
        }

        PriorityQueue<int, (int Load, int Member)> least = ByLoad(topic);
        for (int p = 0; p < owners.Length; p++)
        {
            if (owners[p] == PartitionTable.Nobody)
            {
                int member = least.Dequeue();
                _table.Give(topic, p, member);
                least.Enqueue(member, (_table.Loads[member], member));
            }
        }
    }

    private bool Level(int topic)
    {
        int most = int.MinValue;
        int fewest = int.MaxValue;
        ReadOnlySpan<int> owners = _table.OwnersOf(topic);
        foreach (int owner in owners)
        {
            most = Math.Max(most, _table.Loads[owner]);
        }

        foreach (int reader in _readers[topic])
        {
            fewest = Math.Min(fewest, _table.Loads[reader]);
        }

        if (most - fewest <= 1)
        {
            return false;
        }

        // The partitions of each owner, so that its last goes first and the low ones stay.
        var partitions = new Dictionary<int, Stack<int>>();
        for (int p = 0; p < owners.Length; p++)
        {
            if (!partitions.TryGetValue(owners[p], out Stack<int>? mine))
            {
                partitions.Add(owners[p], mine = []);
            }

            mine.Push(p);
        }

        var givers = new PriorityQueue<int, (int Load, int Member)>(Comparer<(int Load, int Member)>.Create(
            (a, b) => a.Load != b.Load ? b.Load.CompareTo(a.Load) : a.Member.CompareTo(b.Member)));
        foreach (int owner in partitions.Keys)
        {
            givers.Enqueue(owner, (_table.Loads[owner], owner));
        }

        PriorityQueue<int, (int Load, int Member)> takers = ByLoad(topic);
        bool moved = false;
        while (givers.TryDequeue(out int giver, out _) && takers.TryDequeue(out int taker, out _) && _table.Loads[giver] - _table.Loads[taker] > 1)
        {
            // Nobody is on both sides: who gives has more than the least at every step, and who takes has less than the most.
            _table.Give(topic, partitions[giver].Pop(), taker);
            moved = true;
            if (partitions[giver].Count > 0)
            {
                givers.Enqueue(giver, (_table.Loads[giver], giver));
            }

            takers.Enqueue(taker, (_table.Loads[taker], taker));
        }

        return moved;
    }

    private PriorityQueue<int, (int Load, int Member)> ByLoad(int topic)
    {
        var queue = new PriorityQueue<int, (int Load, int Member)>(_readers[topic].Length);
        foreach (int reader in _readers[topic])
        {
            queue.Enqueue(reader, (_table.Loads[reader], reader));
        }

        return queue;
    }
}
