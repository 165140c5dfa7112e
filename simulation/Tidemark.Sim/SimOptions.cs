using System.Globalization;
using Tidemark.Primitives;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Sim;

/// <summary>What was asked for on the command line.</summary>
internal sealed record SimOptions
{
    public static string Usage { get; } =
        $"""
        Usage: ./sim [--seeds N] [--from N] [--minutes M] [--profile NAME] [--jobs N] [--hashes] [--plant NAME] [--trace] [--logs]

        Runs whole clusters on simulated time, network and disks, one a seed, breaks them, and checks that they keep their promises.

          --seeds N       how many seeds to run (100; with --minutes as many as fit)
          --from N        the first seed (1)
          --minutes M     stop after so many minutes
          --profile NAME  what breaks: {string.Join(", ", ScenarioProfiles.Names)} ({ScenarioProfiles.Swarm}: each seed mixes some kinds of all)
          --jobs N        how many seeds at once (1); each is on a thread of its own and the same as alone
          --hashes        print the digest of each run: the same seed gives the same on every run and machine
          --plant NAME    plant a fault, one rule switched off, and stop at the first seed that finds it; "all" takes one after the other;
                          each is looked for in the profile in which it shows, unless --profile names another
          --table FILE    with --plant: write what was found into the table of planted faults in the file
          --trace         print every event of each run
          --logs          print what the nodes log as well

        The exit code is 1 when a seed broke a rule.
        """;

    public ulong Seeds { get; init; } = 100;

    public ulong From { get; init; } = 1;

    public TimeSpan? Limit { get; init; }

    /// <summary>The faults to plant, one after the other; empty for none.</summary>
    public IReadOnlyList<Plant> Plants { get; init; } = [];

    /// <summary>The page whose table of planted faults is written anew.</summary>
    public string? Table { get; init; }

    /// <summary>Null where none was asked for: then it is the mix of all, or the one that a planted fault is looked for in.</summary>
    public string? Profile { get; init; }

    public int Jobs { get; init; } = 1;

    public bool Hashes { get; init; }

    public bool Trace { get; init; }

    public bool Logs { get; init; }

    /// <summary>Null when the command line cannot be understood or asks for help.</summary>
    public static SimOptions? Parse(string[] args)
    {
        var options = new SimOptions();
        bool hasSeeds = false;
        for (int i = 0; i < args.Length; i++)
        {
            string? value = i + 1 < args.Length ? args[i + 1] : null;
            switch (args[i])
            {
                case "--hashes":
                    options = options with { Hashes = true };
                    continue;
                case "--trace":
                    options = options with { Trace = true };
                    continue;
                case "--logs":
                    options = options with { Logs = true };
                    continue;
                case "--seeds" when ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong seeds):
                    options = options with { Seeds = seeds };
                    hasSeeds = true;
                    break;
                case "--from" when ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong from):
                    options = options with { From = from };
                    break;
                case "--minutes" when double.TryParse(value, CultureInfo.InvariantCulture, out double minutes):
                    options = options with { Limit = TimeSpan.FromMinutes(minutes) };
                    break;
                case "--plant" when value is "all":
                    options = options with { Plants = [.. Enum.GetValues<Plant>().Where(plant => plant != Plant.None)] };
                    break;
                case "--plant" when Enum.TryParse(value, ignoreCase: true, out Plant plant) && plant != Plant.None:
                    options = options with { Plants = [.. options.Plants, plant] };
                    break;
                case "--table" when value is not null:
                    options = options with { Table = value };
                    break;
                case "--profile" when value is not null && ScenarioProfiles.Names.Contains(value):
                    options = options with { Profile = value };
                    break;
                case "--jobs" when int.TryParse(value, CultureInfo.InvariantCulture, out int jobs) && jobs > 0:
                    options = options with { Jobs = jobs };
                    break;
                default:
                    return null;
            }

            i++;
        }

        // What two runs print at the same time nobody can read.
        options = options.Trace || options.Logs ? options with { Jobs = 1 } : options;
        return options.Limit is not null && !hasSeeds ? options with { Seeds = ulong.MaxValue - options.From } : options;
    }
}
