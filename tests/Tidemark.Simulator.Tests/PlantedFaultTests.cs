using Tidemark.Primitives;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Tests;

/// <summary>
/// The simulator finds every planted fault, by the seed that docs/SIMULATION.md names or one close behind it. When the scenario changes the
/// seeds change with it: <c>./sim --plant all --seeds 2000 --table docs/SIMULATION.md</c> finds and writes them anew.
/// </summary>
[Collection(PlantCollection.Name)]
public sealed class PlantedFaultTests : IDisposable
{
    private const ulong SeedsAround = 30;
    private static readonly IReadOnlyList<PlantFound> s_table = PlantTable.Read(File.ReadLines(Page()));

    public static TheoryData<Plant> Planted => [.. s_table.Select(line => line.Plant)];

    [Fact]
    public void At_least_twenty_faults_of_replication_and_ten_of_coordinators_are_found_below_2000_and_the_page_names_all()
    {
        string page = File.ReadAllText(Page());
        Assert.All(Enum.GetValues<Plant>().Where(plant => plant != Plant.None), plant => Assert.Contains($"`{plant}`", page, StringComparison.Ordinal));
        Assert.True(s_table.Where(line => line.Profile == ScenarioProfiles.Swarm).Select(line => line.Plant).Distinct().Count() >= 20);
        Assert.True(s_table.Where(line => line.Profile == ScenarioProfiles.Copy).Select(line => line.Plant).Distinct().Count() >= 10);
        Assert.All(s_table, line => Assert.InRange(line.Seed, 1ul, 2000ul));
    }

    [Theory]
    [MemberData(nameof(Planted))]
    public void A_planted_fault_is_found(Plant plant)
    {
        PlantFound line = s_table.Single(each => each.Plant == plant);
        Plants.Choose(plant);

        // A change of the scenario moves what a seed does: those right behind the one that is written down are looked at too.
        bool isFound = false;
        for (ulong seed = line.Seed; !isFound && seed < line.Seed + SeedsAround; seed++)
        {
            isFound = Scenario.Run(ScenarioPlan.Draw(seed, line.Profile)).Violation is not null;
        }

        Assert.True(isFound, $"{plant} is found by none of {SeedsAround} seeds of profile {line.Profile} from {line.Seed} on, where {line.Rule} was broken once");
    }

    [Fact]
    public void The_seeds_of_the_table_break_nothing_without_a_plant()
    {
        Plants.Choose(Plant.None);
        foreach ((string profile, ulong seed) in s_table.Select(line => (line.Profile, line.Seed)).Distinct())
        {
            ScenarioResult result = Scenario.Run(ScenarioPlan.Draw(seed, profile));
            Assert.True(result.Violation is null, $"seed {seed} of profile {profile} breaks without any plant: {result.Violation}");
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
