using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Tidemark.Server.Logging;

/// <summary>Lines for people: time, level, area, message; below it the exception, indented. The level is coloured on a terminal.</summary>
public sealed class TextLogFormat(bool colours) : ILogFormat
{
    public void Write(IBufferWriter<byte> to, in LogEntry entry)
    {
        var line = new StringBuilder(160);
        line.Append(entry.Time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture));
        (string level, string colour) = Level(entry.Level);
        line.Append(' ');
        if (colours)
        {
            line.Append("\e[").Append(colour).Append('m').Append(level).Append("\e[0m");
        }
        else
        {
            line.Append(level);
        }

        line.Append(' ').Append(entry.Area.PadRight(10)).Append(' ').Append(entry.Message).Append('\n');
        if (entry.Exception is { } exception)
        {
            foreach (string part in exception.ToString().Split('\n'))
            {
                line.Append("    ").Append(part.TrimEnd('\r')).Append('\n');
            }
        }

        Encoding.UTF8.GetBytes(line.ToString(), to);
    }

    private static (string Name, string Colour) Level(LogLevel level) => level switch
    {
        LogLevel.Trace => ("trace", "90"),
        LogLevel.Debug => ("debug", "90"),
        LogLevel.Information => ("info ", "32"),
        LogLevel.Warning => ("warn ", "33"),
        LogLevel.Error => ("error", "31"),
        _ => ("fatal", "1;31"),
    };
}
