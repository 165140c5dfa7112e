using System.Globalization;
using Tidemark.Protocol.Generator.Model;

namespace Tidemark.Protocol.Generator.Parsing;

/// <summary>Reads version ranges: <c>v3</c>, <c>v3-7</c>, <c>v3+</c>.</summary>
public static class VersionParser
{
    public static bool LooksLikeVersions(string word) => word.Length > 1 && word[0] == 'v' && word[1] is >= '0' and <= '9';

    public static bool TryParse(string word, out VersionRange range)
    {
        range = VersionRange.None;
        if (!LooksLikeVersions(word))
        {
            return false;
        }

        string rest = word.Substring(1);
        if (rest.EndsWith("+", StringComparison.Ordinal))
        {
            bool open = TryNumber(rest.Substring(0, rest.Length - 1), out int from);
            range = new VersionRange(from, VersionRange.Open);
            return open;
        }

        int dash = rest.IndexOf('-');
        if (dash < 0)
        {
            bool single = TryNumber(rest, out int only);
            range = new VersionRange(only, only);
            return single;
        }

        bool both = TryNumber(rest.Substring(0, dash), out int low) & TryNumber(rest.Substring(dash + 1), out int high);
        range = new VersionRange(low, high);
        return both && low < high;
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < VersionRange.Open;
}
