using System.Runtime.InteropServices;
using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer.Assigning;

/// <summary>Who is to have each partition while an assignment is worked out. Members and topics are indexes here.</summary>
internal sealed class PartitionTable
{
    public const int Nobody = -1;

    private readonly GroupToAssign _group;
    private readonly int[][] _owners;

    /// <summary>Begins with what members have of topics that they still read; what two claim stays with the first.</summary>
    public PartitionTable(GroupToAssign group)
    {
        _group = group;
        Loads = new int[group.Members.Count];
        _owners = new int[group.Topics.Count][];
        var indexes = new Dictionary<Uuid, int>(group.Topics.Count);
        for (int t = 0; t < _owners.Length; t++)
        {
            _owners[t] = new int[group.Topics[t].Partitions];
            Array.Fill(_owners[t], Nobody);
            indexes[group.Topics[t].Id] = t;
        }

        bool all = group.IsHomogeneous;
        for (int m = 0; m < group.Members.Count; m++)
        {
            MemberToAssign member = group.Members[m];
            for (int i = 0; i < member.Target.Topics.Length; i++)
            {
                if (!indexes.TryGetValue(member.Target.Topics[i], out int topic) || (!all && Array.BinarySearch(member.Topics, topic) < 0))
                {
                    continue;
                }

                int[] owners = _owners[topic];
                foreach (int partition in member.Target.At(i))
                {
                    if (partition < owners.Length && owners[partition] == Nobody)
                    {
                        owners[partition] = m;
                        Loads[m]++;
                    }
                }
            }
        }
    }

    /// <summary>How many partitions each member has.</summary>
    public int[] Loads { get; }

    public int Topics => _owners.Length;

    public ReadOnlySpan<int> OwnersOf(int topic) => _owners[topic];

    public void Give(int topic, int partition, int member)
    {
        int before = _owners[topic][partition];
        if (before != Nobody)
        {
            Loads[before]--;
        }

        if (member != Nobody)
        {
            Loads[member]++;
        }

        _owners[topic][partition] = member;
    }

    /// <summary>The outcome; a member for whom nothing changed keeps the object it had.</summary>
    public Assignment[] ToTargets()
    {
        var order = new int[_owners.Length];
        for (int t = 0; t < order.Length; t++)
        {
            order[t] = t;
        }

        Array.Sort(order, (a, b) => _group.Topics[a].Id.CompareTo(_group.Topics[b].Id));
        var topics = new List<Uuid>?[Loads.Length];
        var partitions = new List<int[]>?[Loads.Length];
        var counts = new int[Loads.Length];
        foreach (int t in order)
        {
            int[] owners = _owners[t];
            foreach (int owner in owners)
            {
                if (owner != Nobody)
                {
                    counts[owner]++;
                }
            }

            for (int p = 0; p < owners.Length; p++)
            {
                int owner = owners[p];
                if (owner == Nobody)
                {
                    continue;
                }

                Uuid id = _group.Topics[t].Id;
                List<Uuid> mine = topics[owner] ??= [];
                if (mine.Count == 0 || mine[^1] != id)
                {
                    mine.Add(id);
                    (partitions[owner] ??= []).Add(new int[counts[owner]]);
                    counts[owner] = 0;
                }

                CollectionsMarshal.AsSpan(partitions[owner])[^1][counts[owner]++] = p;
            }

            foreach (int owner in owners)
            {
                if (owner != Nobody)
                {
                    counts[owner] = 0;
                }
            }
        }

        var targets = new Assignment[Loads.Length];
        for (int m = 0; m < targets.Length; m++)
        {
            Assignment target = topics[m] is { } mine ? Assignment.FromSorted([.. mine], [.. partitions[m]!]) : Assignment.Empty;
            targets[m] = target.Equals(_group.Members[m].Target) ? _group.Members[m].Target : target;
        }

        return targets;
    }
}
