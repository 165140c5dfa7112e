using System.Diagnostics;
using Tidemark.Sim;
using Tidemark.Simulator.Scenarios;

SimOptions? options = SimOptions.Parse(args);
if (options is null)
{
    Console.Error.WriteLine(SimOptions.Usage);
    return args is ["--help" or "-h"] ? 0 : 2;
}

if (options.Plants.Count > 0)
{
    return PlantHunt.Run(options);
}

var watch = Stopwatch.StartNew();
var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
TimeSpan simulated = TimeSpan.Zero;
ulong run = 0;
int broken = 0;
for (ulong seed = options.From; seed - options.From < options.Seeds && !(watch.Elapsed >= options.Limit); seed++)
{
    ScenarioResult result = Scenario.Run(
        ScenarioPlan.Draw(seed),
        options.Trace ? Console.WriteLine : null,
        options.Logs ? (time, node) => new NodeLogs(time, node) : null);
    run++;
    simulated += result.Virtual;
    foreach ((string what, long count) in result.Counts)
    {
        counts[what] = counts.GetValueOrDefault(what) + count;
    }

    if (options.Seeds == 1 || options.Trace)
    {
        Console.WriteLine($"seed {seed}: {result.Virtual.TotalSeconds:0.0} s simulated, trace hash {result.Hash:x16}");
    }

    if (result.Violation is { } violation)
    {
        broken++;
        Console.WriteLine();
        Console.WriteLine($"SEED {seed} BREAKS: {violation}");
        Console.WriteLine($"  {result.Plan}");
        foreach (string line in options.Trace ? [] : result.LastEvents)
        {
            Console.WriteLine($"  {line}");
        }

        Console.WriteLine($"  again: ./sim --from {seed} --seeds 1 --trace");
    }
}

double seconds = watch.Elapsed.TotalSeconds;
Console.WriteLine();
foreach ((string what, long count) in counts)
{
    Console.WriteLine($"{what,-50} {count,10}");
}

Console.WriteLine($"{run} seeds from {options.From} in {seconds:0.0} s: {run / seconds:0.00} seeds/s, {simulated.TotalSeconds / seconds:0} times faster than real time; {broken} broke a rule");
return broken == 0 ? 0 : 1;
