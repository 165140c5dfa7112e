using System.Collections.Concurrent;
using Tidemark.Chaos;
using Tidemark.Chaos.Faults;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Crash;

/// <summary>A short run of <c>./chaos</c>: three processes, each fault a few times at the most.</summary>
public sealed class ShortChaosTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(25);

    [Fact]
    public async Task What_three_nodes_promise_they_keep_whatever_is_done_to_them() =>
        await RunAsync(new ChaosOptions { Program = RunningBroker.Executable, Seed = 3, Rounds = 8, Limit = Length });

    [Fact]
    public async Task A_run_behind_proxies_needs_no_rights() =>
        await RunAsync(new ChaosOptions { Program = RunningBroker.Executable, Seed = 1, Rounds = 2, UsesNamespaces = false, Faults = [FaultKind.Stop, FaultKind.OneWay], FaultTimeMax = TimeSpan.FromSeconds(2) });

    private static async Task RunAsync(ChaosOptions options)
    {
        ConcurrentQueue<string> lines = new();
        bool kept = await ChaosRun.RunAsync(options, lines.Enqueue);
        Assert.True(kept, string.Join(Environment.NewLine, lines));
    }
}
