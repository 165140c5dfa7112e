using System.Diagnostics;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Whole clusters under faults, as <c>./sim</c> runs them by the thousand: 300 seeds in two processes, some of them in both.</summary>
public sealed class ScenarioTests
{
    [Fact]
    public async Task Clusters_keep_their_promises_whatever_breaks_and_a_seed_is_the_same_in_every_process()
    {
        Task<string[]> first = Run(from: 1, seeds: 160);
        Task<string[]> second = Run(from: 141, seeds: 160);

        string[] inBoth = [.. (await first).Intersect(await second)];

        // The seeds from 141 to 160, with the digest of all that happened in each.
        Assert.Equal(Enumerable.Range(141, 20), inBoth.Select(line => int.Parse(line.Split(' ', ':')[1], System.Globalization.CultureInfo.InvariantCulture)).Order());
    }

    [Fact]
    public void A_seed_is_the_same_twice_in_one_process()
    {
        ScenarioPlan plan = ScenarioPlan.Draw(9);

        ScenarioResult once = Scenario.Run(plan);
        ScenarioResult again = Scenario.Run(plan);

        Assert.Equal(once.LastEvents, again.LastEvents);
        Assert.Equal(once.Hash, again.Hash);
    }

    /// <summary>Runs the program behind <c>./sim</c>, which lies beside this one, and answers its lines with the digests.</summary>
    private static async Task<string[]> Run(int from, int seeds)
    {
        string program = AppContext.BaseDirectory.Replace("Tidemark.Broker.Tests", "Tidemark.Sim", StringComparison.Ordinal) + "tidemark-sim.dll";
        using Process sim = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, "--from", $"{from}", "--seeds", $"{seeds}", "--hashes"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = sim.StandardError.ReadToEndAsync();
        string output = await sim.StandardOutput.ReadToEndAsync();
        await sim.WaitForExitAsync();
        Assert.True(sim.ExitCode == 0, $"{output}\n{await errors}");
        return [.. output.Split('\n').Where(line => line.Contains("trace hash", StringComparison.Ordinal))];
    }
}
