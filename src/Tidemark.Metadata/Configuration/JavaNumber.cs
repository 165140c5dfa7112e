using System.Globalization;

namespace Tidemark.Metadata.Configuration;

/// <summary>Doubles in the notation of Java's <c>Double.toString</c>, which clients and tools expect in configuration values.</summary>
public static class JavaNumber
{
    public static string Format(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        // The shortest digits that give the same double back, as d.dddE+xx, are the same in both worlds; only the layout differs.
        string text = value.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        double size = Math.Abs(value);
        if (value == 0 || (size >= 1e-3 && size < 1e7))
        {
            return shortest.Contains('.') ? shortest : shortest + ".0";
        }

        int exponent = int.Parse(text.AsSpan(text.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string sign = value < 0 ? "-" : "";
        int end = shortest.IndexOf('E');
        string digits = new([.. (end < 0 ? shortest : shortest[..end]).Where(char.IsAsciiDigit)]);
        digits = digits.TrimStart('0').TrimEnd('0');
        string rest = digits.Length > 1 ? digits[1..] : "0";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}.{rest}E{exponent}");
    }
}
