namespace Tidemark.House.Tests;

/// <summary>Says that a rule holds, or prints every place where it does not.</summary>
public static class Rule
{
    public static void Holds(IEnumerable<string> breaches)
    {
        string[] places = breaches.Distinct().Order(StringComparer.Ordinal).ToArray();
        Assert.True(places.Length == 0, $"{places.Length} place(s):{Environment.NewLine}{string.Join(Environment.NewLine, places)}");
    }
}
