namespace Tidemark.House.Tests;

/// <summary>One row of the table of layers in docs/ARCHITECTURE.md. A layer without a number stands outside the order.</summary>
public sealed record LayerRow(string Layer, string Project, string Purity, IReadOnlyList<string> MayReference)
{
    public int? Number => int.TryParse(Layer, out int number) ? number : null;
}

/// <summary>Reads the table, and resolves its "may reference" column to project names.</summary>
public static class LayerTable
{
    private const string Page = "docs/ARCHITECTURE.md";

    public static IReadOnlyList<LayerRow> Rows { get; } = Read();

    /// <summary>The projects that a row allows: those named, and those of every layer whose number it gives.</summary>
    public static IReadOnlySet<string> Allowed(LayerRow row)
    {
        HashSet<string> allowed = new(StringComparer.Ordinal);
        foreach (string entry in row.MayReference)
        {
            if (int.TryParse(entry, out int layer))
            {
                allowed.UnionWith(Rows.Where(other => other.Number == layer).Select(other => other.Project));
            }
            else
            {
                string project = "Tidemark." + entry;
                Assert.True(Rows.Any(other => other.Project == project), $"{Page} lets {row.Project} reference {project}, which has no row");
                allowed.Add(project);
            }
        }

        return allowed;
    }

    private static LayerRow[] Read() => Repository.Lines(Page)
        .SkipWhile(line => !line.StartsWith("| layer | project |", StringComparison.Ordinal))
        .Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
        .Select(cells => new LayerRow(cells[0], cells[1], cells[2], cells[4] == "–" ? [] : cells[4].Split(',', StringSplitOptions.TrimEntries)))
        .ToArray();
}
