namespace Tidemark.Coordination.Consumer.Assigning;

/// <summary>
/// Gives all members about the same number of partitions, and lets them keep what they have as far as that allows. Where all read the same topics the numbers
/// differ by one at most, and no partition moves without need; otherwise no single move of a partition makes it more even.
/// </summary>
public sealed class UniformAssignor : IAssignor
{
    public string Name => "uniform";

    public Assignment[] Assign(GroupToAssign group)
    {
        if (group.Members.Count == 0)
        {
            return [];
        }

        var table = new PartitionTable(group);
        if (group.IsHomogeneous)
        {
            AssignAlike(group, table);
        }
        else
        {
            new UnevenSubscriptions(group, table).Assign();
        }

        return table.ToTargets();
    }

    /// <summary>All members read all topics: each gets its quota, and those who have one partition more already keep it first.</summary>
    private static void AssignAlike(GroupToAssign group, PartitionTable table)
    {
        int total = group.Topics.Sum(t => t.Partitions);
        int least = total / group.Members.Count;
        int extras = total % group.Members.Count;
        var quotas = new int[group.Members.Count];
        Array.Fill(quotas, least);
        for (int round = 0; round < 2; round++)
        {
            for (int m = 0; m < quotas.Length && extras > 0; m++)
            {
                if (quotas[m] == least && (round == 1 || table.Loads[m] > least))
                {
                    quotas[m]++;
                    extras--;
                }
            }
        }

        var left = (int[])quotas.Clone();
        for (int t = 0; t < table.Topics; t++)
        {
            ReadOnlySpan<int> owners = table.OwnersOf(t);
            for (int p = 0; p < owners.Length; p++)
            {
                if (owners[p] is var owner and not PartitionTable.Nobody && left[owner]-- <= 0)
                {
                    table.Give(t, p, PartitionTable.Nobody);
                }
            }
        }

        int next = 0;
        for (int t = 0; t < table.Topics; t++)
        {
            ReadOnlySpan<int> owners = table.OwnersOf(t);
            for (int p = 0; p < owners.Length; p++)
            {
                if (owners[p] != PartitionTable.Nobody)
                {
                    continue;
                }

                while (table.Loads[next] >= quotas[next])
                {
                    next++;
                }

                table.Give(t, p, next);
            }
        }
    }
}
