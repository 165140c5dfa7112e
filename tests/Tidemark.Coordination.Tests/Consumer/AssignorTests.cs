using Tidemark.Coordination.Consumer;
using Tidemark.Coordination.Consumer.Assigning;
using Tidemark.Primitives;

namespace Tidemark.Coordination.Tests.Consumer;

public class AssignorTests
{
    private static readonly IAssignor Uniform = new UniformAssignor();
    private static readonly IAssignor Range = new RangeAssignor();

    private static Uuid Id(int topic) => new(7, (ulong)topic + 1);

    private static GroupToAssign Group(int[] partitions, params (string Id, string? Instance, int[] Topics, Assignment Target)[] members) => new(
        [.. partitions.Select((p, t) => new TopicToAssign(Id(t), p))],
        [.. members.Select(m => new MemberToAssign(m.Id, m.Instance, m.Topics, m.Target)).OrderBy(m => m.Id, StringComparer.Ordinal)]);

    private static Assignment Has(params (int Topic, int[] Partitions)[] topics) => Assignment.Of(topics.Select(t => (Id(t.Topic), (IEnumerable<int>)t.Partitions)));

    [Fact]
    public void A_second_member_takes_half_and_the_first_keeps_its_low_partitions()
    {
        Assignment[] targets = Uniform.Assign(Group([4], ("a", null, [0], Has((0, [0, 1, 2, 3]))), ("b", null, [0], Assignment.Empty)));
        Assert.Equal([Has((0, [0, 1])), Has((0, [2, 3]))], targets);
    }

    [Fact]
    public void Who_has_one_partition_more_keeps_it_rather_than_who_comes_first()
    {
        Assignment a = Has((0, [0, 1]));
        Assignment b = Has((0, [2, 3, 4]));
        Assignment[] targets = Uniform.Assign(Group([5], ("a", null, [0], a), ("b", null, [0], b)));
        Assert.Same(a, targets[0]);
        Assert.Same(b, targets[1]);
    }

    [Fact]
    public void Partitions_of_a_topic_that_nobody_reads_any_more_are_dropped()
    {
        Assignment[] targets = Uniform.Assign(Group([2], ("a", null, [0], Has((0, [0]), (9, [0, 1])))));
        Assert.Equal(Has((0, [0, 1])), targets[0]);
    }

    [Fact]
    public void A_member_that_reads_nothing_that_exists_gets_nothing()
    {
        Assignment[] targets = Uniform.Assign(Group([2], ("a", null, [0], Assignment.Empty), ("b", null, [], Assignment.Empty)));
        Assert.Equal([Has((0, [0, 1])), Assignment.Empty], targets);
    }

    [Fact]
    public void Ranges_of_topics_of_one_size_are_the_same()
    {
        Assignment[] targets = Range.Assign(Group([3, 3], ("a", null, [0, 1], Assignment.Empty), ("b", null, [0, 1], Assignment.Empty)));
        Assert.Equal([Has((0, [0, 1]), (1, [0, 1])), Has((0, [2]), (1, [2]))], targets);
    }

    [Fact]
    public void A_static_member_finds_its_range_again_under_another_id()
    {
        Assignment[] before = Range.Assign(Group([3], ("m0", "i0", [0], Assignment.Empty), ("m1", "i1", [0], Assignment.Empty)));
        Assignment[] after = Range.Assign(Group([3], ("a1", "i1", [0], Assignment.Empty), ("m3", "i0", [0], Assignment.Empty)));
        Assert.Equal([before[1], before[0]], after);
    }

    [Fact]
    public void Static_members_come_before_the_others_in_ranges()
    {
        Assignment[] targets = Range.Assign(Group([3], ("a", null, [0], Assignment.Empty), ("z", "i", [0], Assignment.Empty)));
        Assert.Equal([Has((0, [2])), Has((0, [0, 1]))], targets);
    }

    [Fact]
    public void Members_in_excess_of_partitions_get_an_empty_range()
    {
        Assignment[] targets = Range.Assign(Group([1], ("a", null, [0], Assignment.Empty), ("b", null, [0], Assignment.Empty)));
        Assert.Equal([Has((0, [0])), Assignment.Empty], targets);
    }

    [Theory]
    [InlineData("uniform", true)]
    [InlineData("uniform", false)]
    [InlineData("range", true)]
    [InlineData("range", false)]
    public void Any_history_of_groups_is_assigned_completely_evenly_and_without_needless_moves(string assignor, bool alike)
    {
        for (int seed = 1; seed <= 100; seed++)
        {
            var random = new Random(seed);
            int topics = random.Next(1, 6);
            var partitions = new int[topics];
            var targets = new Dictionary<string, Assignment>();
            var subscriptions = new Dictionary<string, int[]>();
            int[] all = [.. Enumerable.Range(0, topics)];
            for (int step = 0; step < 12; step++)
            {
                partitions[random.Next(topics)] += random.Next(0, 5);
                string name = "m" + random.Next(8);
                if (!subscriptions.Remove(name))
                {
                    subscriptions[name] = alike ? all : [.. all.Where(_ => random.Next(2) == 0)];
                }

                if (subscriptions.Count == 0)
                {
                    continue;
                }

                GroupToAssign group = Group(partitions, [.. subscriptions.Select(s => (s.Key, (string?)null, s.Value, targets.GetValueOrDefault(s.Key, Assignment.Empty)))]);
                Assignment[] next = Assignors.Find(assignor)!.Assign(group);
                CheckComplete(seed, group, next);
                if (assignor == "uniform")
                {
                    CheckEven(seed, group, next);
                    CheckSticky(seed, group, next, alike);
                }

                targets.Clear();
                for (int m = 0; m < next.Length; m++)
                {
                    targets[group.Members[m].Id] = next[m];
                }

                // The same group again changes nothing.
                GroupToAssign again = group with { Members = [.. group.Members.Select((m, i) => m with { Target = next[i] })] };
                Assert.Equal(next, Assignors.Find(assignor)!.Assign(again));
            }
        }
    }

    private static void CheckComplete(int seed, GroupToAssign group, Assignment[] targets)
    {
        for (int t = 0; t < group.Topics.Count; t++)
        {
            bool isRead = group.Members.Any(m => m.Topics.Contains(t));
            for (int p = 0; p < group.Topics[t].Partitions; p++)
            {
                int[] owners = [.. Enumerable.Range(0, targets.Length).Where(m => targets[m].Contains(Id(t), p))];
                Assert.True(owners.Length == (isRead ? 1 : 0), $"seed {seed}: partition {t}-{p} has {owners.Length} owners");
                Assert.True(owners.All(o => group.Members[o].Topics.Contains(t)), $"seed {seed}: partition {t}-{p} went to a member that does not read it");
            }
        }

        Assert.True(targets.Sum(t => t.Count) == Enumerable.Range(0, group.Topics.Count).Where(t => group.Members.Any(m => m.Topics.Contains(t))).Sum(t => group.Topics[t].Partitions), $"seed {seed}");
    }

    /// <summary>No partition could go to another reader and make the two more even; where all read the same, that means within one.</summary>
    private static void CheckEven(int seed, GroupToAssign group, Assignment[] targets)
    {
        for (int t = 0; t < group.Topics.Count; t++)
        {
            int[] readers = [.. Enumerable.Range(0, targets.Length).Where(m => group.Members[m].Topics.Contains(t))];
            int[] owners = [.. readers.Where(m => targets[m].Of(Id(t)).Length > 0)];
            if (owners.Length > 0)
            {
                Assert.True(owners.Max(m => targets[m].Count) - readers.Min(m => targets[m].Count) <= 1, $"seed {seed}: uneven: {string.Join(' ', targets.Select(a => a.Count))}");
            }
        }
    }

    /// <summary>Who loses a partition that it still reads has no less than anybody else afterwards, where all read the same; a member never swaps one for another.</summary>
    private static void CheckSticky(int seed, GroupToAssign group, Assignment[] targets, bool alike)
    {
        for (int m = 0; m < targets.Length && alike; m++)
        {
            Assignment before = group.Members[m].Target;
            int lost = 0;
            int gained = 0;
            foreach (Uuid topic in before.Topics)
            {
                lost += before.Of(topic).ToArray().Count(p => !targets[m].Contains(topic, p));
            }

            foreach (Uuid topic in targets[m].Topics)
            {
                gained += targets[m].Of(topic).ToArray().Count(p => !before.Contains(topic, p));
            }

            Assert.True(lost == 0 || gained == 0, $"seed {seed}: {group.Members[m].Id} swapped {lost} for {gained}");
            Assert.True(lost == 0 || targets[m].Count >= targets.Max(t => t.Count) - 1, $"seed {seed}");
        }
    }
}
