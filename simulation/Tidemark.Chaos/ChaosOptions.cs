using System.Globalization;

namespace Tidemark.Chaos;

/// <summary>What a run does, as the command line says it.</summary>
public sealed record ChaosOptions
{
    public const string Usage =
        """
        Usage: ./chaos [--rounds N] [--minutes M] [--seed S] [--pace MS] [--faults KIND,KIND] [--network namespaces|proxy] [--program FILE] [--directory DIR]

        Runs three nodes as processes under load, breaks them, and checks what was promised: nothing acknowledged is lost, nothing is there
        twice, no offset has two values, and reads are as new as what was known before they were asked.

          --rounds N      how many faults (20; with --minutes as many as fit)
          --minutes M     stop after so many minutes
          --seed S        which faults, in which order (drawn and printed)
          --pace MS       pause between two records of the load to one partition (20)
          --faults LIST   only these: kill, killall, freeze, stop, isolate, oneway, fulldisk, cuttail
          --network KIND  namespaces need root; proxy does without (what this machine can)
          --program FILE  the tidemark to run (the launcher builds one)
          --directory DIR where the nodes' directories are made (the system's temporary directory)

        The exit code is 1 when a promise was broken; then the nodes' directories are kept.
        """;

    /// <summary>How many, unless there is a limit of time and it is over first.</summary>
    public int Rounds { get; init; } = 20;

    public TimeSpan? Limit { get; init; }

    public ulong Seed { get; init; }

    public TimeSpan Pace { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Which faults are drawn; empty for all that this machine allows.</summary>
    public IReadOnlyList<Faults.FaultKind> Faults { get; init; } = [];

    /// <summary>No fault lasts longer.</summary>
    public TimeSpan FaultTimeMax { get; init; } = TimeSpan.FromSeconds(14);

    /// <summary>Null for what the machine allows.</summary>
    public bool? UsesNamespaces { get; init; }

    public required string Program { get; init; }

    public string Directory { get; init; } = Path.GetTempPath();

    /// <summary>Null when the command line cannot be understood or asks for help.</summary>
    public static ChaosOptions? Parse(string[] args)
    {
        var options = new ChaosOptions { Program = "tidemark", Seed = (ulong)DateTime.UtcNow.Ticks % 1_000_000 };
        bool hasRounds = false;
        for (int i = 0; i < args.Length; i += 2)
        {
            string? value = i + 1 < args.Length ? args[i + 1] : null;
            switch (args[i])
            {
                case "--rounds" when int.TryParse(value, CultureInfo.InvariantCulture, out int rounds) && rounds >= 0:
                    options = options with { Rounds = rounds };
                    hasRounds = true;
                    break;
                case "--minutes" when double.TryParse(value, CultureInfo.InvariantCulture, out double minutes):
                    options = options with { Limit = TimeSpan.FromMinutes(minutes) };
                    break;
                case "--seed" when ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong seed):
                    options = options with { Seed = seed };
                    break;
                case "--pace" when int.TryParse(value, CultureInfo.InvariantCulture, out int pace) && pace > 0:
                    options = options with { Pace = TimeSpan.FromMilliseconds(pace) };
                    break;
                case "--faults" when value is not null && ParseFaults(value) is { } faults:
                    options = options with { Faults = faults };
                    break;
                case "--network" when value is "namespaces" or "proxy":
                    options = options with { UsesNamespaces = value == "namespaces" };
                    break;
                case "--program" when value is not null:
                    options = options with { Program = Path.GetFullPath(value) };
                    break;
                case "--directory" when value is not null:
                    options = options with { Directory = Path.GetFullPath(value) };
                    break;
                default:
                    return null;
            }
        }

        return options.Limit is not null && !hasRounds ? options with { Rounds = int.MaxValue } : options;
    }

    private static List<Faults.FaultKind>? ParseFaults(string list)
    {
        List<Faults.FaultKind> kinds = [];
        foreach (string word in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Enum.TryParse(word, ignoreCase: true, out Faults.FaultKind kind))
            {
                return null;
            }

            kinds.Add(kind);
        }

        return kinds;
    }
}
