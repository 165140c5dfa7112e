using System.Collections.Concurrent;
using Tidemark.Primitives;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Tests;

/// <summary>Groups of both protocols that copy in transactions under every fault, as <c>./sim --profile copy</c> runs them.</summary>
[Collection(PlantCollection.Name)]
public sealed class CopyTests
{
    private const int Seeds = 40;

    /// <summary>So many of them run a second time, beside others than before.</summary>
    private const int Twice = 4;

    [Fact]
    public void Copies_are_exact_whatever_breaks_and_a_seed_is_the_same_twice()
    {
        Plants.Choose(Plant.None);
        var results = new ConcurrentBag<ScenarioResult>();
        int[] seeds = [.. Enumerable.Range(1, Seeds), .. Enumerable.Range(1, Twice)];

        // One seed after the other, on as many threads as there are processors.
        Parallel.ForEach(
            Partitioner.Create(seeds, EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            seed => results.Add(Scenario.Run(ScenarioPlan.Draw((ulong)seed, ScenarioProfiles.Copy))));

        Assert.Equal("", string.Join('\n', results.Where(result => result.Violation is not null).Select(result => $"seed {result.Plan.Seed}: {result.Violation}")));
        Assert.Equal(Seeds, results.Select(result => (result.Plan.Seed, result.Hash)).Distinct().Count());
        Assert.True(results.Sum(result => result.Counts.GetValueOrDefault("transactions committed")) > Seeds);
    }
}
