using System.Globalization;
using Tidemark.Primitives;

namespace Tidemark.Simulator.Scenarios;

/// <summary>Which seed of which profile finds which planted fault, and by which rule.</summary>
public sealed record PlantFound(Plant Plant, string Profile, string Rule, ulong Seed);

/// <summary>
/// The table of planted faults in a page of the documentation: a line a fault, <c>| `Plant` | profile | rule | seed |</c>. The page is what the
/// tests believe, so it cannot say what is not so.
/// </summary>
public static class PlantTable
{
    /// <summary>What the lines of a page say.</summary>
    public static IReadOnlyList<PlantFound> Read(IEnumerable<string> lines) => [.. lines.Select(Parse).OfType<PlantFound>()];

    /// <summary>In which profile a fault is looked for: what coordinators do wrong shows where groups copy in transactions only, and what is taken from whoever comes too late where much does.</summary>
    public static string ProfileOf(Plant plant) =>
        plant == Plant.FlightTakenApart ? ScenarioProfiles.Flight
        : plant is Plant.LateVerificationTaken or Plant.LateMarkerAccepted or Plant.ReplacedCoordinatorHeard ? ScenarioProfiles.Late
        : plant >= Plant.MarkersBeforePrepareCommitted ? ScenarioProfiles.Copy
        : ScenarioProfiles.Swarm;

    /// <summary>The page with the lines of these faults as they were found now.</summary>
    public static IReadOnlyList<string> Write(IEnumerable<string> lines, IReadOnlyDictionary<Plant, PlantFound> found) =>
    [
        .. lines.Select(line => Parse(line) is { } old && found.TryGetValue(old.Plant, out PlantFound? now)
            ? string.Create(CultureInfo.InvariantCulture, $"| `{now.Plant}` | {now.Profile} | {now.Rule} | {now.Seed} |")
            : line),
    ];

    private static PlantFound? Parse(string line)
    {
        string[] cells = line.Split('|', StringSplitOptions.TrimEntries);
        return cells is ["", ['`', .., '`'] name, var profile, var rule, var seed, ""]
            && ScenarioProfiles.Names.Contains(profile)
            && Enum.TryParse(name.Trim('`'), out Plant plant)
            && ulong.TryParse(seed, CultureInfo.InvariantCulture, out ulong number)
                ? new PlantFound(plant, profile, rule, number)
                : null;
    }
}
