using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Checks;

/// <summary>Finds definitions that contradict each other: a key or a class name that two files claim.</summary>
public static class CatalogChecks
{
    public static List<Problem> Check(IReadOnlyList<CatalogEntry> entries)
    {
        var problems = new List<Problem>();
        var keys = new Dictionary<(string, int), CatalogEntry>();
        var names = new Dictionary<string, CatalogEntry>();
        foreach (CatalogEntry entry in entries.OrderBy(entry => entry.Path, StringComparer.Ordinal))
        {
            HeaderModel header = entry.Header;
            if (header.Key >= 0)
            {
                if (keys.TryGetValue((header.Kind, header.Key), out CatalogEntry? other))
                {
                    problems.Add(Conflict(entry, $"Key {header.Key} of '{header.Kind}' belongs to {other.Header.Name} already."));
                }
                else
                {
                    keys.Add((header.Kind, header.Key), entry);
                }
            }

            foreach (string name in entry.ClassNames)
            {
                if (names.ContainsKey(name))
                {
                    problems.Add(Conflict(entry, $"Another file defines {name} already."));
                }
                else
                {
                    names.Add(name, entry);
                }
            }
        }

        return problems;
    }

    private static Problem Conflict(CatalogEntry entry, string message) =>
        new(entry.Path, entry.Header.Place, Diagnostics.Conflict, message);
}
