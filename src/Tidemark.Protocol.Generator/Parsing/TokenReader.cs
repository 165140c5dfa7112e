using System.Globalization;
using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Parsing;

/// <summary>Walks over the words of one line and notes what is wrong with them.</summary>
public sealed class TokenReader(string path, Token[] tokens, List<Problem> problems)
{
    private int _next;

    public bool AtEnd => _next == tokens.Length;

    /// <summary>Where the next word stands, or the end of the last one.</summary>
    public Place Place
    {
        get
        {
            if (_next < tokens.Length)
            {
                return tokens[_next].Place;
            }

            Place last = tokens[tokens.Length - 1].Place;
            return new Place(last.Line, last.Column + last.Length, 1);
        }
    }

    public void Fail(Place place, string message) => problems.Add(new Problem(path, place, Diagnostics.Syntax, message));

    public bool TryTake(string word)
    {
        if (!AtEnd && tokens[_next].Text == word)
        {
            _next++;
            return true;
        }

        return false;
    }

    /// <summary>The next word whatever it is, or null with a problem noted.</summary>
    public string? Take(string what)
    {
        if (AtEnd)
        {
            Fail(Place, $"The line ends where {what} should follow.");
            return null;
        }

        return tokens[_next++].Text;
    }

    public bool TryTakeNumber(string what, out int number)
    {
        Place place = Place;
        string? word = Take(what);
        number = 0;
        if (word is null)
        {
            return false;
        }

        if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out number) || number > short.MaxValue)
        {
            Fail(place, $"'{word}' is not {what}: a number from 0 to {short.MaxValue}.");
            return false;
        }

        return true;
    }

    /// <summary>A name that can be a C# identifier and starts with a capital.</summary>
    public string? TakeName(string what)
    {
        Place place = Place;
        string? word = Take(what);
        if (word is not null && !IsName(word))
        {
            Fail(place, $"'{word}' is not {what}: letters and digits, the first one a capital.");
            return null;
        }

        return word;
    }

    public bool PeekIsVersions() => !AtEnd && VersionParser.LooksLikeVersions(tokens[_next].Text);

    public bool TryTakeVersions(out VersionRange range)
    {
        Place place = Place;
        range = VersionRange.None;
        string? word = Take("a version range such as v2, v2-5 or v2+");
        if (word is null)
        {
            return false;
        }

        if (!VersionParser.TryParse(word, out range))
        {
            Fail(place, $"'{word}' is not a version range: write v2, v2-5 or v2+.");
            return false;
        }

        return true;
    }

    public static bool IsName(string word)
    {
        if (word.Length == 0 || word[0] is < 'A' or > 'Z')
        {
            return false;
        }

        foreach (char c in word)
        {
            if (c is not ((>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or (>= '0' and <= '9')))
            {
                return false;
            }
        }

        return true;
    }
}
