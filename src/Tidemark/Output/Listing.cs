using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Tidemark.Output;

/// <summary>
/// Rows under named columns, written as their reader likes it: a table on a terminal, aligned columns without frames into a pipe,
/// an array of objects with <c>--json</c>. Cells are strings, numbers, booleans, lists of those, or null.
/// </summary>
internal sealed class Listing(params string[] columns)
{
    private readonly List<object?[]> _rows = [];

    public int Count => _rows.Count;

    public void Add(params object?[] cells) => _rows.Add(cells.Length == columns.Length ? cells : throw new ArgumentException("one cell a column", nameof(cells)));

    /// <param name="json">True to write JSON whatever the output is.</param>
    /// <param name="empty">What a person reads where there are no rows.</param>
    public void Write(bool json, string empty)
    {
        if (json)
        {
            JsonOutput.Write(WriteRows);
        }
        else if (Console.IsOutputRedirected)
        {
            WritePlain();
        }
        else if (_rows.Count == 0)
        {
            Console.Out.WriteLine(empty);
        }
        else
        {
            WriteTable();
        }
    }

    /// <summary>Writes the rows below a line about all of them; as JSON an object with those facts and the rows under their name.</summary>
    public void WriteUnder(bool json, string line, (string Key, object? Value)[] facts, string rows, string empty)
    {
        if (!json)
        {
            Console.Out.WriteLine(line);
            Write(json: false, empty);
            return;
        }

        JsonOutput.Write(writer =>
        {
            writer.WriteStartObject();
            foreach ((string key, object? value) in facts)
            {
                writer.WritePropertyName(key);
                JsonOutput.WriteValue(writer, value);
            }

            writer.WritePropertyName(rows);
            WriteRows(writer);
            writer.WriteEndObject();
        });
    }

    private void WriteRows(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        foreach (object?[] row in _rows)
        {
            writer.WriteStartObject();
            for (int i = 0; i < columns.Length; i++)
            {
                writer.WritePropertyName(JsonOutput.NameOf(columns[i]));
                JsonOutput.WriteValue(writer, row[i]);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Text(object? cell) => cell switch
    {
        null => "-",
        true => "yes",
        false => "no",
        string text => text,
        System.Collections.IEnumerable many => string.Join(',', many.Cast<object?>().Select(Text)) is { Length: > 0 } all ? all : "-",
        _ => Convert.ToString(cell, CultureInfo.InvariantCulture) ?? "",
    };

    private static bool IsNumber(object? cell) => cell is int or long or short or double;

    private void WriteTable()
    {
        string[][] cells = [.. _rows.Select(row => row.Select(Text).ToArray())];
        int terminal = AnsiConsole.Profile.Width;
        int[]? framed = ColumnWidths.Fit(columns, cells, terminal, each: 3);
        if ((framed ?? ColumnWidths.Fit(columns, cells, terminal, each: 1)) is not { } widths)
        {
            WriteBlocks(cells);
            return;
        }

        var table = new Table { Border = framed is null ? TableBorder.None : TableBorder.Rounded };
        for (int i = 0; i < columns.Length; i++)
        {
            var column = new TableColumn($"[bold]{Markup.Escape(columns[i])}[/]") { Width = widths[i], Padding = framed is null ? new Padding(0, 0, 1, 0) : new Padding(1, 0) };
            int index = i;
            table.AddColumn(_rows.All(row => row[index] is null || IsNumber(row[index])) ? column.RightAligned() : column);
        }

        foreach (string[] row in cells)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        AnsiConsole.Write(table);
    }

    /// <summary>Each row below the one before, a line a cell: for terminals in which the columns do not fit beside each other.</summary>
    private void WriteBlocks(string[][] cells)
    {
        int names = columns.Max(name => name.Length);
        foreach (string[] row in cells)
        {
            for (int i = 0; i < columns.Length; i++)
            {
                Console.Out.WriteLine($"{columns[i].PadRight(names)}  {row[i]}");
            }

            Console.Out.WriteLine();
        }
    }

    private void WritePlain()
    {
        string[][] lines = [[.. columns.Select(c => c.ToUpperInvariant())], .. _rows.Select(row => row.Select(Text).ToArray())];
        int[] widths = [.. Enumerable.Range(0, columns.Length).Select(i => lines.Max(line => line[i].GetCellWidth()))];
        foreach (string[] line in lines)
        {
            Console.Out.WriteLine(string.Join("  ", line.Select((cell, i) => i == line.Length - 1 ? cell : cell + new string(' ', widths[i] - cell.GetCellWidth()))));
        }
    }
}
