namespace Tidemark.Coordination.Consumer.Expressions;

/// <summary>Classes in brackets, and escapes.</summary>
internal sealed partial class RegexParser
{
    private RegexNode Class()
    {
        int from = _at++;
        bool negated = Take('^');
        UInt128 set = CharacterSets.None;
        bool first = true;
        while (_problem is null && !AtEnd && (first || Here != ']'))
        {
            first = false;
            if (PosixClass(out UInt128 named) || NamedSet(out named))
            {
                set |= named;
                continue;
            }

            if (_problem is not null)
            {
                break;
            }

            int start = _at;
            if (!ClassCharacter(out int low))
            {
                break;
            }

            int high = low;
            if (_at + 1 < text.Length && Here == '-' && text[_at + 1] != ']')
            {
                _at++;
                if (!ClassCharacter(out high))
                {
                    break;
                }

                if (high < low)
                {
                    return Fail($"invalid character class range: `{text[start.._at]}`");
                }
            }

            set |= CharacterSets.Range(low, high);
            if (_flags.HasFlag(Flags.Fold))
            {
                set |= low <= 0x212A && high >= 0x212A ? CharacterSets.One('k') : CharacterSets.None;
                set |= low <= 0x017F && high >= 0x017F ? CharacterSets.One('s') : CharacterSets.None;
            }
        }

        if (_problem is null && !Take(']'))
        {
            return Fail($"missing closing ]: `{text[from..]}`");
        }

        set = _flags.HasFlag(Flags.Fold) ? CharacterSets.Folded(set) : set;
        return new RegexSet(negated ? ~set : set);
    }

    private bool ClassCharacter(out int c)
    {
        if (Here == '\\')
        {
            return EscapedCharacter(out c);
        }

        c = Character();
        return true;
    }

    /// <summary>Takes <c>[:alpha:]</c> or <c>[:^alpha:]</c>.</summary>
    private bool PosixClass(out UInt128 set)
    {
        set = CharacterSets.None;
        int end = string.CompareOrdinal(text, _at, "[:", 0, 2) == 0 ? text.IndexOf(":]", _at + 2, StringComparison.Ordinal) : -1;
        if (end < 0)
        {
            return false;
        }

        string name = text[(_at + 2)..end];
        bool negated = name.StartsWith('^');
        if (CharacterSets.Posix(negated ? name[1..] : name) is not { } found)
        {
            Fail($"invalid character class range: `{text[_at..(end + 2)]}`");
            return false;
        }

        _at = end + 2;
        set = negated ? ~found : found;
        return true;
    }

    /// <summary>Takes <c>\d</c>, <c>\pL</c>, <c>\P{Greek}</c> and their like.</summary>
    private bool NamedSet(out UInt128 set)
    {
        set = CharacterSets.None;
        if (_at + 1 >= text.Length || Here != '\\')
        {
            return false;
        }

        char kind = text[_at + 1];
        switch (kind)
        {
            case 'd' or 'D':
                set = CharacterSets.Digits;
                break;
            case 'w' or 'W':
                set = CharacterSets.Word;
                break;
            case 's' or 'S':
                set = CharacterSets.Space;
                break;
            case 'p' or 'P':
                return UnicodeSet(kind == 'P', out set);
            default:
                return false;
        }

        _at += 2;
        set = char.IsUpper(kind) ? ~set : set;
        return true;
    }

    private bool UnicodeSet(bool negated, out UInt128 set)
    {
        set = CharacterSets.None;
        int from = _at;
        int start = _at + 2;
        int end = start + 1;
        if (start < text.Length && text[start] == '{')
        {
            end = text.IndexOf('}', ++start);
        }

        if (start >= text.Length || end < 0)
        {
            Fail($"invalid character class range: `{text[from..]}`");
            return false;
        }

        string name = text[start..end];
        if (name.StartsWith('^'))
        {
            negated = !negated;
            name = name[1..];
        }

        _at = text[start - 1] == '{' ? end + 1 : end;
        if (CharacterSets.Unicode(name) is not { } found)
        {
            Fail($"invalid character class range: `{text[from.._at]}`");
            return false;
        }

        // A case that is not told apart makes both cases of a letter belong to the other's category.
        found = _flags.HasFlag(Flags.Fold) ? CharacterSets.Folded(found) : found;
        set = negated ? ~found : found;
        return true;
    }

    /// <summary>Takes an escape that stands for one character.</summary>
    private bool EscapedCharacter(out int c)
    {
        int from = _at++;
        c = 0;
        if (AtEnd)
        {
            Fail("trailing backslash at end of expression: ``");
            return false;
        }

        char e = text[_at++];
        switch (e)
        {
            case >= '0' and <= '7':
                // One digit that is no zero would refer back to a group.
                if (e != '0' && (AtEnd || !IsOctal(Here)))
                {
                    break;
                }

                c = e - '0';
                for (int i = 1; i < 3 && !AtEnd && IsOctal(Here); i++)
                {
                    c = (c * 8) + (text[_at++] - '0');
                }

                return true;
            case 'x':
                if (HexCharacter(out c))
                {
                    return true;
                }

                break;
            case 'a':
                c = '\a';
                return true;
            case 'f':
                c = '\f';
                return true;
            case 'n':
                c = '\n';
                return true;
            case 'r':
                c = '\r';
                return true;
            case 't':
                c = '\t';
                return true;
            case 'v':
                c = '\v';
                return true;
            case < (char)128 when !char.IsAsciiLetterOrDigit(e):
                c = e;
                return true;
        }

        Fail($"invalid escape sequence: `{text[from.._at]}`");
        return false;
    }

    private bool HexCharacter(out int c)
    {
        c = 0;
        if (Take('{'))
        {
            int end = text.IndexOf('}', _at);
            if (end < 0 || end == _at || end - _at > 8 || !TryHex(text.AsSpan(_at, end - _at), out c))
            {
                return false;
            }

            _at = end + 1;
            return true;
        }

        if (_at + 2 > text.Length || !TryHex(text.AsSpan(_at, 2), out c))
        {
            return false;
        }

        _at += 2;
        return true;
    }
}
