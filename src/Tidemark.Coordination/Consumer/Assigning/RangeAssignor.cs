using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer.Assigning;

/// <summary>
/// Cuts each topic into ranges, one for each member that reads it, so that members get the same partitions of topics of the same size, as a join of
/// topics needs. Members with an instance id come first, in its order, and so find their range again after a restart.
/// </summary>
public sealed class RangeAssignor : IAssignor
{
    public string Name => "range";

    public Assignment[] Assign(GroupToAssign group)
    {
        var readers = new int[group.Topics.Count];
        foreach (MemberToAssign member in group.Members)
        {
            foreach (int topic in member.Topics)
            {
                readers[topic]++;
            }
        }

        var given = new int[group.Topics.Count];
        var served = new int[group.Topics.Count];
        int[] byId = [.. Enumerable.Range(0, group.Topics.Count).OrderBy(t => group.Topics[t].Id)];
        var places = new int[byId.Length];
        for (int i = 0; i < byId.Length; i++)
        {
            places[byId[i]] = i;
        }

        var targets = new Assignment[group.Members.Count];
        foreach (int m in InOrder(group))
        {
            MemberToAssign member = group.Members[m];
            int[] topics = [.. member.Topics];
            Array.Sort(topics, (a, b) => places[a].CompareTo(places[b]));
            var ids = new List<Uuid>(topics.Length);
            var ranges = new List<int[]>(topics.Length);
            foreach (int topic in topics)
            {
                int partitions = group.Topics[topic].Partitions;
                int length = (partitions / readers[topic]) + (served[topic]++ < partitions % readers[topic] ? 1 : 0);
                if (length > 0)
                {
                    ids.Add(group.Topics[topic].Id);
                    ranges.Add([.. Enumerable.Range(given[topic], length)]);
                    given[topic] += length;
                }
            }

            var target = Assignment.FromSorted([.. ids], [.. ranges]);
            targets[m] = target.Equals(member.Target) ? member.Target : target;
        }

        return targets;
    }

    private static int[] InOrder(GroupToAssign group)
    {
        int[] order = [.. Enumerable.Range(0, group.Members.Count)];
        Array.Sort(order, (a, b) =>
        {
            MemberToAssign one = group.Members[a];
            MemberToAssign other = group.Members[b];
            return (one.InstanceId, other.InstanceId) switch
            {
                ({ } mine, { } theirs) => string.CompareOrdinal(mine, theirs),
                ({ }, null) => -1,
                (null, { }) => 1,
                _ => string.CompareOrdinal(one.Id, other.Id),
            };
        });
        return order;
    }
}
