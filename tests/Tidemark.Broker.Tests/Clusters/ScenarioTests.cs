using Tidemark.Simulator.Scenarios;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Whole clusters under faults, as <c>./sim</c> runs them by the thousand.</summary>
public sealed class ScenarioTests
{
    [Theory]
    [InlineData(1, 12)]
    [InlineData(27, 4)]
    [InlineData(47, 8)]
    public void Clusters_keep_their_promises_whatever_breaks(ulong from, ulong seeds)
    {
        for (ulong seed = from; seed < from + seeds; seed++)
        {
            ScenarioResult result = Scenario.Run(ScenarioPlan.Draw(seed));
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation}\n{result.Plan}\n{string.Join('\n', result.LastEvents)}\nagain: ./sim --from {seed} --seeds 1 --trace");
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        ScenarioPlan plan = ScenarioPlan.Draw(9);

        ScenarioResult once = Scenario.Run(plan);
        ScenarioResult again = Scenario.Run(plan);

        Assert.Equal(once.LastEvents, again.LastEvents);
        Assert.Equal(once.Hash, again.Hash);
    }
}
