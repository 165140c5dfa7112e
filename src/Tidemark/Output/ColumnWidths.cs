using Spectre.Console;

namespace Tidemark.Output;

/// <summary>How wide the columns of a table may be: as wide as they need where the terminal allows it, else narrower, but never so that a word breaks.</summary>
internal static class ColumnWidths
{
    /// <summary>The width of each column; null when they cannot stand beside each other.</summary>
    /// <param name="terminal">How wide all may be.</param>
    /// <param name="each">What each column takes beside its text.</param>
    public static int[]? Fit(IReadOnlyList<string> names, IReadOnlyList<string[]> rows, int terminal, int each)
    {
        int[] widths = [.. names.Select((name, i) => rows.Select(row => row[i]).Append(name).Max(cell => cell.GetCellWidth()))];
        int[] least = [.. names.Select((name, i) => rows.Select(row => row[i]).Append(name).SelectMany(cell => cell.Split(' ')).Max(word => word.GetCellWidth()))];
        int tooMuch = widths.Sum() + (each * names.Count) + 1 - terminal;
        if (tooMuch > widths.Sum() - least.Sum())
        {
            return null;
        }

        for (; tooMuch > 0; tooMuch--)
        {
            // The column that loses least by it: the widest of those that may still shrink.
            int widest = Enumerable.Range(0, names.Count).Where(i => widths[i] > least[i]).MaxBy(i => widths[i]);
            widths[widest]--;
        }

        return widths;
    }
}
