using System.Globalization;
using Tidemark.Simulator;

namespace Tidemark.Chaos.Faults;

/// <summary>One round's fault: all that is random about it is drawn before it begins, so that a seed names the same faults again.</summary>
/// <param name="Node">Whom it hits.</param>
/// <param name="Other">The other end of a cut line.</param>
/// <param name="Lasts">How long it lasts, or how long a process that ended stays away.</param>
/// <param name="Waits">Whether the next round begins only when all replicas are in sync again.</param>
/// <param name="Seed">For what the fault itself draws.</param>
internal sealed record Fault(FaultKind Kind, int Node, int Other, TimeSpan Lasts, bool Waits, ulong Seed)
{
    private const double ChanceOfWaiting = 0.6;

    public static Fault Draw(SeededRandom random, IReadOnlyList<FaultKind> kinds, int nodes, TimeSpan longest)
    {
        FaultKind kind = kinds[random.Next(kinds.Count)];
        int node = random.Between(1, nodes);
        int other = 1 + ((node + random.Between(0, nodes - 2)) % nodes);
        int most = kind switch
        {
            // Longer than a session, so that somebody else leads when it goes on.
            FaultKind.Freeze or FaultKind.Isolate or FaultKind.OneWay => random.Chance(0.5) ? 14_000 : 3_000,
            _ => 3_000,
        };
        most = Math.Min(most, (int)longest.TotalMilliseconds);
        return new Fault(kind, node, other, TimeSpan.FromMilliseconds(random.Between(0, most)), random.Chance(ChanceOfWaiting), random.NextUInt64());
    }

    public override string ToString()
    {
        string seconds = Lasts.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        return Kind switch
        {
            FaultKind.Kill => $"kill -9 of node {Node}, started again after {seconds} s",
            FaultKind.KillAll => $"kill -9 of all nodes, started again after {seconds} s",
            FaultKind.Freeze => $"SIGSTOP of node {Node} for {seconds} s",
            FaultKind.Stop => $"SIGTERM of node {Node}, started again {seconds} s after its end",
            FaultKind.Isolate => $"node {Node} cut off for {seconds} s",
            FaultKind.OneWay => $"what node {Node} sends node {Other} is lost for {seconds} s",
            FaultKind.FullDisk => $"the second disk of node {Node} full for {seconds} s, then kill -9 and another start",
            _ => $"kill -9 of node {Node}, which loses what it had not flushed, started again after {seconds} s",
        };
    }
}
