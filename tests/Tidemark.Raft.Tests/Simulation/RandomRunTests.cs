using Tidemark.Primitives;
using Xunit.Abstractions;

namespace Tidemark.Raft.Tests.Simulation;

/// <summary>
/// Quorums under random faults. What must never happen is checked at each step, and after everything healed the quorum has to work again. A failure
/// names its seed; TIDEMARK_QUORUM_SEED repeats one run, TIDEMARK_QUORUM_SEEDS changes how many there are.
/// </summary>
public sealed class RandomRunTests(ITestOutputHelper output)
{
    private const int FirstSeed = 1;
    private const int SeedsPerTest = 25;

    [Fact]
    public void Three_fixed_voters_survive_whatever_happens() => RunSeeds("three", seed => new QuorumWorld(seed, nodes: 3, voters: 3, kraftVersion: 0));

    [Fact]
    public void Five_fixed_voters_and_an_observer_survive_whatever_happens() => RunSeeds("five", seed => new QuorumWorld(seed, nodes: 6, voters: 5, kraftVersion: 0));

    [Fact]
    public void Voters_that_change_survive_whatever_happens() => RunSeeds("changing", seed => new QuorumWorld(seed, nodes: 5, voters: 3, kraftVersion: 1));

    [Fact]
    public void A_lone_voter_and_its_observers_survive_whatever_happens() => RunSeeds("lone", seed => new QuorumWorld(seed, nodes: 3, voters: 1, kraftVersion: 1));

    private void RunSeeds(string name, Func<int, QuorumWorld> create)
    {
        IEnumerable<int> seeds = Environment.GetEnvironmentVariable("TIDEMARK_QUORUM_SEED") is { Length: > 0 } one
            ? [int.Parse(one)]
            : Enumerable.Range(FirstSeed, int.Parse(Environment.GetEnvironmentVariable("TIDEMARK_QUORUM_SEEDS") ?? $"{SeedsPerTest}"));
        var counts = new SortedDictionary<string, int>();
        foreach (int seed in seeds)
        {
            QuorumWorld world = create(seed);
            try
            {
                new RandomRun(world).Play();
            }
            catch (Exception e) when (e is QuorumViolationException or InvariantViolationException)
            {
                output.WriteLine(string.Join(Environment.NewLine, world.LastEvents));
                Assert.Fail($"{name}, seed {seed}: {e.Message}{Environment.NewLine}{e.StackTrace}{Environment.NewLine}TIDEMARK_QUORUM_SEED={seed} ./test Raft --filter FullyQualifiedName~RandomRun");
            }

            foreach ((string what, int count) in world.Counts)
            {
                counts[what] = counts.GetValueOrDefault(what) + count;
            }
        }

        output.WriteLine(string.Join(", ", counts.Select(each => $"{each.Key} {each.Value}")));
    }
}
