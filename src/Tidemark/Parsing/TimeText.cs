using System.Globalization;

namespace Tidemark.Parsing;

/// <summary>Points in time as people type them.</summary>
internal static class TimeText
{
    /// <summary>A thousand years: longer ago than any record, and within what dates can say.</summary>
    private const double SecondsAgoMax = 1000 * 365.25 * 86_400;

    /// <summary>Reads an ISO 8601 time, milliseconds since 1970, or a number with s, m, h or d: so long ago.</summary>
    /// <exception cref="CommandException">The text is none of them.</exception>
    public static DateTimeOffset Read(string option, string text)
    {
        DateTimeOffset? time = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds)
            ? milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null
            : Ago(text) is { } seconds ? DateTimeOffset.UtcNow - TimeSpan.FromSeconds(Math.Min(seconds, SecondsAgoMax))
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset point) ? point : null;
        return time
            ?? throw new CommandException(ExitCode.Usage, $"{option} {text}: a time such as 2026-11-21T12:00:00Z, milliseconds since 1970, or 15m, 2h, 3d is allowed");
    }

    /// <summary>The seconds that a number with a unit says; null when the text is something else.</summary>
    private static double? Ago(string text)
    {
        double unit = text.Length < 2 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 };
        return unit > 0 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            ? number * unit
            : null;
    }
}
