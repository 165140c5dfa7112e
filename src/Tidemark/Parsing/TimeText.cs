using System.Globalization;

namespace Tidemark.Parsing;

/// <summary>Points in time as people type them.</summary>
internal static class TimeText
{
    /// <summary>Reads an ISO 8601 time, milliseconds since 1970, or a number with s, m, h or d: so long ago.</summary>
    /// <exception cref="CommandException">The text is none of them.</exception>
    public static DateTimeOffset Read(string option, string text)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds))
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        }

        if (text.Length > 1 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
        {
            switch (text[^1])
            {
                case 's': return now - TimeSpan.FromSeconds(number);
                case 'm': return now - TimeSpan.FromMinutes(number);
                case 'h': return now - TimeSpan.FromHours(number);
                case 'd': return now - TimeSpan.FromDays(number);
            }
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time)
            ? time
            : throw new CommandException(ExitCode.Usage, $"{option} {text}: a time such as 2026-11-21T12:00:00Z, milliseconds since 1970, or 15m, 2h, 3d is allowed");
    }
}
