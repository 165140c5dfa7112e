using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tidemark.Coordination.Consumer.Expressions;

/// <summary>
/// Reads RE2's syntax with Perl's classes and escapes, as <c>Pattern.compile</c> of RE2/J takes it. No references back, nothing that looks ahead or behind, no
/// possessive or atomic groups: those cannot be matched in linear time.
/// </summary>
/// <remarks>choice = sequence ("|" sequence)*; sequence = (atom repeat?)*; atom = character | "." | class | escape | "^" | "$" | group.</remarks>
internal sealed partial class RegexParser(string text)
{
    private const int DepthMax = 1000;
    private const int RepeatMax = 1000;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _at;
    private int _depth;
    private string? _problem;
    private Flags _flags;

    [Flags]
    private enum Flags
    {
        None = 0,
        Fold = 1,
        Lines = 2,
        DotAll = 4,
    }

    private bool AtEnd => _at >= text.Length;

    private char Here => text[_at];

    public bool TryParse([NotNullWhen(true)] out RegexNode? node, [NotNullWhen(false)] out string? problem)
    {
        node = Choice();
        if (_problem is null && !AtEnd)
        {
            Fail("unexpected )");
        }

        problem = _problem;
        if (problem is null)
        {
            return true;
        }

        node = null;
        return false;
    }

    private RegexSequence Fail(string problem)
    {
        _problem ??= problem;
        _at = text.Length;
        return new RegexSequence([]);
    }

    private bool Take(char c)
    {
        if (AtEnd || Here != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private bool Take(string what)
    {
        if (string.CompareOrdinal(text, _at, what, 0, what.Length) != 0)
        {
            return false;
        }

        _at += what.Length;
        return true;
    }

    /// <summary>The next character with all its UTF-16 units.</summary>
    private int Character()
    {
        int c = char.IsSurrogatePair(text, _at) ? char.ConvertToUtf32(text, _at) : text[_at];
        _at += c > char.MaxValue ? 2 : 1;
        return c;
    }

    private RegexNode Choice()
    {
        List<RegexNode> nodes = [Sequence()];
        while (_problem is null && Take('|'))
        {
            nodes.Add(Sequence());
        }

        return nodes.Count == 1 ? nodes[0] : new RegexChoice(nodes);
    }

    private RegexNode Sequence()
    {
        var nodes = new List<RegexNode>();
        bool canRepeat = false;
        int afterRepeat = -1;
        while (_problem is null && !AtEnd && Here is not ('|' or ')'))
        {
            int from = _at;
            if (Repetition(out int least, out int? most))
            {
                if (!canRepeat)
                {
                    return Fail($"missing argument to repetition operator: `{text[from.._at]}`");
                }

                if (afterRepeat == from)
                {
                    return Fail($"invalid nested repetition operator: `{text[from.._at]}`");
                }

                if (least > RepeatMax || most > RepeatMax || most < least)
                {
                    return Fail($"invalid repeat count: `{text[from.._at]}`");
                }

                Take('?');
                afterRepeat = _at;
                nodes[^1] = new RegexRepeat(nodes[^1], least, most);
                continue;
            }

            if (Take("\\Q"))
            {
                int end = text.IndexOf("\\E", _at, StringComparison.Ordinal);
                string quoted = end < 0 ? text[_at..] : text[_at..end];
                _at = end < 0 ? text.Length : end + 2;
                nodes.AddRange(quoted.Select(c => Literal(c)));
                canRepeat = quoted.Length > 0;
                continue;
            }

            RegexNode? atom = Atom();
            canRepeat = atom is not null;
            if (atom is not null)
            {
                nodes.Add(atom);
            }
        }

        return nodes.Count == 1 ? nodes[0] : new RegexSequence(nodes);
    }

    /// <summary>Takes an operator; a brace that is none stays.</summary>
    private bool Repetition(out int least, out int? most)
    {
        (least, most) = (0, null);
        switch (Here)
        {
            case '*':
                _at++;
                return true;
            case '+':
                _at++;
                least = 1;
                return true;
            case '?':
                _at++;
                most = 1;
                return true;
            case '{':
                int before = _at++;
                if (Number(out least))
                {
                    most = least;
                    if (Take(',') && !AtEnd)
                    {
                        most = Number(out int upTo) ? upTo : null;
                    }

                    if (Take('}'))
                    {
                        return true;
                    }
                }

                _at = before;
                return false;
            default:
                return false;
        }
    }

    /// <summary>Digits without a leading zero; more than can be allowed anyhow becomes one more than that.</summary>
    private bool Number(out int number)
    {
        number = 0;
        int from = _at;
        while (!AtEnd && char.IsAsciiDigit(Here))
        {
            number = Math.Min((number * 10) + (text[_at++] - '0'), RepeatMax + 1);
        }

        return _at > from && (text[from] != '0' || _at == from + 1);
    }

    /// <summary>Null for what stands for nothing, such as flags.</summary>
    private RegexNode? Atom()
    {
        switch (Here)
        {
            case '(':
                return Group();
            case '[':
                return Class();
            case '.':
                _at++;
                return new RegexSet(_flags.HasFlag(Flags.DotAll) ? CharacterSets.Any : CharacterSets.Any & ~CharacterSets.One('\n'));
            case '^':
                _at++;
                return new RegexAt(_flags.HasFlag(Flags.Lines) ? RegexPlace.LineBegin : RegexPlace.Begin);
            case '$':
                _at++;
                return new RegexAt(_flags.HasFlag(Flags.Lines) ? RegexPlace.LineEnd : RegexPlace.End);
            case '\\':
                return Escaped();
            default:
                return Literal(Character());
        }
    }

    private RegexNode? Escaped()
    {
        if (_at + 1 >= text.Length)
        {
            return Fail("trailing backslash at end of expression: ``");
        }

        RegexPlace? place = text[_at + 1] switch
        {
            'A' => RegexPlace.Begin,
            'z' => RegexPlace.End,
            'b' => RegexPlace.WordEdge,
            'B' => RegexPlace.NoWordEdge,
            _ => null,
        };
        if (place is { } at)
        {
            _at += 2;
            return new RegexAt(at);
        }

        if (NamedSet(out UInt128 set))
        {
            return new RegexSet(set);
        }

        return _problem is not null ? null : EscapedCharacter(out int c) ? Literal(c) : null;
    }

    private RegexNode? Group()
    {
        if (++_depth > DepthMax)
        {
            return Fail("expression nests too deeply");
        }

        int from = _at++;
        Flags outer = _flags;
        if (Take('?'))
        {
            if (Take("P<") || (Take('<') && !AtEnd && Here is not ('=' or '!')))
            {
                if (!Name())
                {
                    return Fail($"invalid named capture: `{text[from..]}`");
                }
            }
            else if (!FlagsOfGroup(from, out bool opens))
            {
                return null;
            }
            else if (!opens)
            {
                // The flags hold until the group around ends, which puts back what was before it.
                _depth--;
                return null;
            }
        }

        RegexNode inside = Choice();
        if (_problem is null && !Take(')'))
        {
            return Fail($"missing closing ): `{text}`");
        }

        _flags = outer;
        _depth--;
        return inside;
    }

    private bool Name()
    {
        int from = _at;
        while (!AtEnd && (char.IsAsciiLetterOrDigit(Here) || Here == '_'))
        {
            _at++;
        }

        string name = text[from.._at];
        return name.Length > 0 && Take('>') && _names.Add(name);
    }

    /// <summary>Reads flags up to the colon that opens a group, or the bracket that closes.</summary>
    private bool FlagsOfGroup(int from, out bool opens)
    {
        opens = false;
        Flags flags = _flags;
        bool clears = false;
        bool named = false;
        while (!AtEnd)
        {
            char c = text[_at++];
            switch (c)
            {
                case 'i' or 'm' or 's' or 'U':
                    // Whether the shortest or the longest is looked for makes no difference to a whole name.
                    Flags one = c switch { 'i' => Flags.Fold, 'm' => Flags.Lines, 's' => Flags.DotAll, _ => Flags.None };
                    flags = clears ? flags & ~one : flags | one;
                    named = true;
                    continue;
                case '-' when !clears:
                    clears = true;
                    named = false;
                    continue;
                case ':' or ')' when !clears || named:
                    _flags = flags;
                    opens = c == ':';
                    return true;
            }

            break;
        }

        Fail($"invalid or unsupported Perl syntax: `{text[from..Math.Min(_at, text.Length)]}`");
        return false;
    }

    private RegexSet Literal(int c)
    {
        UInt128 set = CharacterSets.Range(c, c);
        if (_flags.HasFlag(Flags.Fold))
        {
            // The only two characters beyond ASCII that are another case of one inside.
            set = CharacterSets.Folded(c switch { 0x212A => CharacterSets.One('k'), 0x017F => CharacterSets.One('s'), _ => set });
        }

        return new RegexSet(set);
    }

    private static bool IsOctal(char c) => c is >= '0' and <= '7';

    private static bool TryHex(ReadOnlySpan<char> digits, out int value) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= 0x10FFFF;
}
