using System.Diagnostics;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Sim;

/// <summary>Runs seed after seed, on as many threads as asked for, and tells of each when it has ended.</summary>
internal sealed class SeedRunner(SimOptions options)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<ulong> _broken = [];
    private ulong _next = options.From;
    private ulong _run;
    private TimeSpan _simulated;
    private double _told;

    /// <summary>Answers the exit code.</summary>
    public int Run()
    {
        Thread[] threads = [.. Enumerable.Range(1, options.Jobs).Select(_ => new Thread(Work))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Console.WriteLine();
        foreach ((string what, long count) in _counts)
        {
            Console.WriteLine($"{what,-50} {count,10}");
        }

        Console.WriteLine(Summary());
        if (_broken.Count > 0)
        {
            Console.WriteLine($"seeds that broke a rule: {string.Join(' ', _broken.Order())}");
        }

        return _broken.Count == 0 ? 0 : 1;
    }

    private void Work()
    {
        while (Take() is { } seed)
        {
            ScenarioResult result = Scenario.Run(
                ScenarioPlan.Draw(seed, options.Profile ?? ScenarioProfiles.Swarm),
                options.Trace ? Console.WriteLine : null,
                options.Logs ? (time, node) => new NodeLogs(time, node) : null);
            lock (_lock)
            {
                Tell(seed, result);
            }
        }
    }

    private ulong? Take()
    {
        lock (_lock)
        {
            return _next - options.From < options.Seeds && !(_watch.Elapsed >= options.Limit) ? _next++ : null;
        }
    }

    private void Tell(ulong seed, ScenarioResult result)
    {
        _run++;
        _simulated += result.Virtual;
        foreach ((string what, long count) in result.Counts)
        {
            _counts[what] = _counts.GetValueOrDefault(what) + count;
        }

        if (options.Seeds == 1 || options.Trace || options.Hashes)
        {
            Console.WriteLine($"seed {seed}: {result.Virtual.TotalSeconds:0.0} s simulated, trace hash {result.Hash:x16}");
        }

        if (result.Violation is { } violation)
        {
            _broken.Add(seed);
            Console.WriteLine();
            Console.WriteLine($"SEED {seed} BREAKS: {violation}");
            Console.WriteLine($"  {result.Plan}");
            foreach (string line in options.Trace ? [] : result.LastEvents)
            {
                Console.WriteLine($"  {line}");
            }

            string profile = options.Profile is null or ScenarioProfiles.Swarm ? "" : $" --profile {options.Profile}";
            Console.WriteLine($"  again: ./sim --from {seed} --seeds 1{profile} --trace");
        }
        else if (_watch.Elapsed.TotalSeconds - _told >= 60)
        {
            _told = _watch.Elapsed.TotalSeconds;
            Console.WriteLine($"... {Summary()}");
        }
    }

    private string Summary()
    {
        double seconds = _watch.Elapsed.TotalSeconds;
        return $"{_run} seeds from {options.From} in {seconds:0.0} s: {_run / seconds:0.00} seeds/s, {_simulated.TotalSeconds:0} s simulated, {_simulated.TotalSeconds / seconds:0} times faster than real time; {_broken.Count} broke a rule";
    }
}
