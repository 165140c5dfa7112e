using System.Text.RegularExpressions;

namespace Tidemark.House.Tests;

/// <summary>Faults are planted for the simulator alone.</summary>
public partial class PlantTests
{
    private static IEnumerable<string> Sources => Repository.Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal));

    [Fact]
    public void Nothing_that_is_shipped_plants_a_fault() =>
        Rule.Holds(Sources.Where(file => !file.EndsWith("/Plants.cs", StringComparison.Ordinal) && Choice().IsMatch(Repository.Text(file))));

    [Fact]
    public void Every_plant_switches_some_rule_off()
    {
        string all = string.Concat(Sources.Select(Repository.Text));
        string[] plants = [.. Name().Matches(Repository.Text("src/Tidemark.Primitives/Plant.cs")).Select(match => match.Groups[1].Value).Where(name => name != "None")];
        Assert.True(plants.Length >= 20);
        Rule.Holds(plants.Where(plant => !all.Contains($"Plants.IsOn(Plant.{plant})", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"Plants\.Choose\b|\bPLANTED\b")]
    private static partial Regex Choice();

    [GeneratedRegex(@"^    (\w+),", RegexOptions.Multiline)]
    private static partial Regex Name();
}
