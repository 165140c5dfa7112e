using System.Collections.Concurrent;
using Tidemark.Primitives;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Tests;

/// <summary>Idempotent producers with several batches in flight under every fault, as <c>./sim --profile flight</c> runs them.</summary>
[Collection(PlantCollection.Name)]
public sealed class FlightTests
{
    private const int Seeds = 40;

    [Fact]
    public void Batches_in_flight_keep_their_order_and_no_producer_has_to_give_up()
    {
        Plants.Choose(Plant.None);
        var results = new ConcurrentBag<ScenarioResult>();
        Parallel.ForEach(
            Partitioner.Create([.. Enumerable.Range(1, Seeds)], EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            seed => results.Add(Scenario.Run(ScenarioPlan.Draw((ulong)seed, ScenarioProfiles.Flight))));

        Assert.Equal("", string.Join('\n', results.Where(result => result.Violation is not null).Select(result => $"seed {result.Plan.Seed}: {result.Violation}")));
        Assert.True(results.Sum(result => result.Counts.GetValueOrDefault("produce NotLeaderOrFollower")) > Seeds);
    }
}
