using Tidemark.Chaos.Nodes;

namespace Tidemark.System.Tests.Crash;

/// <summary>When nodes that start are given up.</summary>
public sealed class StartPatienceTests
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private readonly StartPatience _patience = new(TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(8));

    [Fact]
    public void Nodes_that_stand_still_are_given_up_after_a_while() => Assert.Equal(92, SecondsUntilOver(_ => "node 1 does not answer", _ => 2));

    [Fact]
    public void Nodes_that_only_idle_stand_still() => Assert.Equal(92, SecondsUntilOver(_ => "node 1 does not answer", second => second * 0.05));

    [Fact]
    public void Nodes_of_a_busy_machine_are_waited_for_while_they_work() => Assert.Equal(481, SecondsUntilOver(_ => "node 1 does not answer", second => second * 0.1));

    [Fact]
    public void Nodes_of_which_one_after_the_other_comes_are_waited_for() =>
        Assert.Equal(80 + 80 + 91, SecondsUntilOver(second => $"node {Math.Min(second / 80, 2)} does not answer", _ => 2));

    /// <summary>Looks once a second at what is missing, and at the seconds that the nodes have worked.</summary>
    private int SecondsUntilOver(Func<int, string> missing, Func<int, double> worked)
    {
        for (int second = 1; second < 10_000; second++)
        {
            if (_patience.IsOver(s_look, missing(second), TimeSpan.FromSeconds(worked(second))))
            {
                return second;
            }
        }

        return int.MaxValue;
    }
}
