namespace Tidemark.Simulator.Checking;

/// <summary>A cluster did what it promises never to do, or failed to do what it promises.</summary>
/// <param name="rule">Which promise, by its number and name.</param>
/// <param name="what">What was seen instead.</param>
public sealed class BrokenRuleException(string rule, string what) : Exception($"{rule}: {what}")
{
    public string Rule => rule;
}
