using System.Text.RegularExpressions;
using Tidemark.Primitives;

namespace Tidemark.House.Tests;

/// <summary>Faults are planted for the simulator alone.</summary>
public partial class PlantTests
{
    [Fact]
    public void What_is_built_for_everybody_else_has_no_planted_fault()
    {
        Assert.False(Plants.CanChoose);
        Assert.All(Enum.GetValues<Plant>(), plant => Assert.False(Plants.IsOn(plant)));
        Assert.Throws<NotSupportedException>(() => Plants.Choose(Plant.SkipEpochTruncation));
    }

    [Fact]
    public void Nothing_that_is_shipped_plants_a_fault()
    {
        IEnumerable<string> broken =
            from file in Repository.Files
            where file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal) && !file.EndsWith("/Plants.cs", StringComparison.Ordinal)
            where Choice().IsMatch(Repository.Text(file))
            select file;
        Rule.Holds(broken);
    }

    [Fact]
    public void Every_plant_switches_some_rule_off()
    {
        string source = string.Concat(Repository.Files.Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)).Select(Repository.Text));
        Rule.Holds(Enum.GetValues<Plant>().Where(plant => plant != Plant.None && !source.Contains($"Plants.IsOn(Plant.{plant})", StringComparison.Ordinal)).Select(plant => $"{plant}"));
    }

    [GeneratedRegex(@"Plants\.Choose\b|\bPLANTED\b")]
    private static partial Regex Choice();
}
