using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Parsing;

/// <summary>A word of a line and where it stands.</summary>
public readonly record struct Token(string Text, Place Place);

/// <summary>A line that says something: its depth in steps of two spaces, and its words.</summary>
public sealed class SourceLine(int depth, Token[] tokens)
{
    public int Depth { get; } = depth;

    public Token[] Tokens { get; } = tokens;
}

/// <summary>
/// Splits a definition file into lines of words. A number sign starts a comment; the comment above the first line is
/// the messages' summary. Words are separated by spaces; commas and the equals sign are words of their own.
/// </summary>
public sealed class Lexer(string path, string text)
{
    private readonly List<SourceLine> _lines = [];
    private readonly List<Problem> _problems = [];
    private readonly List<string> _summary = [];

    public IReadOnlyList<SourceLine> Lines => _lines;

    public IReadOnlyList<Problem> Problems => _problems;

    /// <summary>The comment before the first line, its lines joined by spaces.</summary>
    public string Summary => string.Join(" ", _summary);

    public void Run()
    {
        string[] lines = text.Split('\n');
        for (int number = 0; number < lines.Length; number++)
        {
            ReadLine(lines[number].TrimEnd('\r', ' '), number);
        }
    }

    private void ReadLine(string line, int number)
    {
        int start = 0;
        while (start < line.Length && line[start] == ' ')
        {
            start++;
        }

        if (start == line.Length)
        {
            return;
        }

        if (line[start] == '#')
        {
            if (_lines.Count == 0)
            {
                _summary.Add(line.Substring(start + 1).Trim());
            }

            return;
        }

        int tab = line.IndexOf('\t');
        if (tab >= 0)
        {
            _problems.Add(new Problem(path, new Place(number, tab, 1), Diagnostics.Syntax, "A tab: indent and separate with spaces."));
            return;
        }

        if (start % 2 != 0)
        {
            _problems.Add(new Problem(path, new Place(number, 0, start), Diagnostics.Syntax, $"Indented by {start} spaces: each level takes two."));
            return;
        }

        _lines.Add(new SourceLine(start / 2, Split(line, start, number)));
    }

    private static Token[] Split(string line, int start, int number)
    {
        var tokens = new List<Token>();
        int at = start;
        while (at < line.Length && line[at] != '#')
        {
            if (line[at] == ' ')
            {
                at++;
                continue;
            }

            int end = at + 1;
            if (line[at] is not (',' or '='))
            {
                while (end < line.Length && line[end] is not (' ' or ',' or '=' or '#'))
                {
                    end++;
                }
            }

            tokens.Add(new Token(line.Substring(at, end - at), new Place(number, at, end - at)));
            at = end;
        }

        return [.. tokens];
    }
}
