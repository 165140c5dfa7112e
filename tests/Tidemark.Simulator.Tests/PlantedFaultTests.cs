using Tidemark.Primitives;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Tests;

/// <summary>
/// The simulator finds every planted fault, by the seed and the rule that docs/SIMULATION.md names. When the scenario changes the seeds
/// change with it: <c>./sim --plant all --seeds 2000 --table docs/SIMULATION.md</c> finds and writes them anew.
/// </summary>
public sealed class PlantedFaultTests : IDisposable
{
    private static readonly IReadOnlyList<PlantFound> s_table = PlantTable.Read(File.ReadLines(Page()));

    public static TheoryData<Plant> Planted => [.. s_table.Select(line => line.Plant)];

    [Fact]
    public void Every_fault_stands_in_the_table_with_a_seed_below_2000()
    {
        Assert.Equal(Enum.GetValues<Plant>().Where(plant => plant != Plant.None), s_table.Select(line => line.Plant).Order());
        Assert.All(s_table, line => Assert.InRange(line.Seed, 1ul, 2000ul));
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_fault_is_found(Plant plant)
    {
        PlantFound line = s_table.Single(each => each.Plant == plant);
        ScenarioPlan plan = ScenarioPlan.Draw(line.Seed);
        Plants.Choose(plant);

        ScenarioResult result = Scenario.Run(plan);

        Assert.True(result.Rule == line.Rule, $"{plant}, seed {line.Seed}: {result.Violation ?? "nothing was found"}; the page says {line.Rule}");
    }

    [Fact]
    public void What_the_seeds_of_the_table_find_is_the_plants_doing()
    {
        Plants.Choose(Plant.None);
        foreach (ulong seed in s_table.Select(line => line.Seed).Distinct())
        {
            Assert.True(Scenario.Run(ScenarioPlan.Draw(seed)).Violation is null, $"seed {seed} breaks a rule without any plant");
        }
    }

    [Fact]
    public void A_planted_fault_is_found_without_knowing_where_to_look()
    {
        Plants.Choose(Plant.AcknowledgeBeforeHighWatermark);

        Assert.Contains(Enumerable.Range(1, 100), seed => Scenario.Run(ScenarioPlan.Draw((ulong)seed)).Violation is not null);
    }

    public void Dispose() => Plants.Choose(Plant.None);

    private static string Page()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Tidemark.slnx")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }

        return Path.Combine(directory, "docs", "SIMULATION.md");
    }
}
