using System.Diagnostics;
using Tidemark.Primitives;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Sim;

/// <summary>Plants faults and looks for the first seed that finds each.</summary>
internal static class PlantHunt
{
    /// <summary>0 when each was found.</summary>
    public static int Run(SimOptions options)
    {
        if (!Plants.CanChoose)
        {
            Console.Error.WriteLine("This build has no planted faults.");
            return 2;
        }

        var found = new Dictionary<Plant, PlantFound>();
        foreach (Plant plant in options.Plants)
        {
            if (Find(plant, options) is { } result)
            {
                found[plant] = new PlantFound(plant, ProfileFor(plant, options), result.Rule!, result.Plan.Seed);
            }
        }

        if (options.Table is { } page)
        {
            File.WriteAllLines(page, PlantTable.Write(File.ReadAllLines(page), found));
        }

        return found.Count == options.Plants.Count ? 0 : 1;
    }

    private static string ProfileFor(Plant plant, SimOptions options) => options.Profile ?? PlantTable.ProfileOf(plant);

    private static ScenarioResult? Find(Plant plant, SimOptions options)
    {
        var watch = Stopwatch.StartNew();
        string profile = ProfileFor(plant, options);
        Plants.Choose(plant);
        try
        {
            ulong seed = options.From;
            for (; seed - options.From < options.Seeds && !(watch.Elapsed >= options.Limit); seed++)
            {
                ScenarioResult result = Scenario.Run(
                    ScenarioPlan.Draw(seed, profile), options.Trace ? Console.WriteLine : null, options.Logs ? (time, node) => new NodeLogs(time, node) : null);
                if (result.Violation is not null)
                {
                    Console.WriteLine($"{plant}: seed {seed} breaks {result.Violation}");
                    Console.WriteLine($"  {seed - options.From + 1} seeds in {watch.Elapsed.TotalSeconds:0.0} s; again: ./sim --plant {plant} --profile {profile} --from {seed} --seeds 1 --trace");
                    return result;
                }
            }

            Console.WriteLine($"{plant}: NOT FOUND in {seed - options.From} seeds from {options.From} of profile {profile}, {watch.Elapsed.TotalSeconds:0.0} s");
            return null;
        }
        finally
        {
            Plants.Choose(Plant.None);
        }
    }
}
