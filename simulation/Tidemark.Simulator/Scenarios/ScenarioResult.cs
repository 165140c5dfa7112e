namespace Tidemark.Simulator.Scenarios;

/// <summary>What became of one seed.</summary>
/// <param name="Violation">The broken rule in words; null when all held.</param>
/// <param name="Hash">A digest of all that happened.</param>
/// <param name="Virtual">How much time passed in it.</param>
public sealed record ScenarioResult(
    ScenarioPlan Plan, string? Violation, ulong Hash, TimeSpan Virtual, IReadOnlyDictionary<string, long> Counts, IReadOnlyCollection<string> LastEvents)
{
    /// <summary>Which rule was broken: the violation's words up to what was seen.</summary>
    public string? Rule => Violation is { } words && words.IndexOf(": ", StringComparison.Ordinal) is >= 0 and var end ? words[..end] : Violation;
}
