using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Tidemark.Server.Logging;

/// <summary>
/// One JSON object a line, for programs: <c>time</c> (ISO 8601, UTC), <c>level</c>, <c>area</c>, <c>message</c>, and where there
/// are any <c>event</c> with <c>name</c>, <c>fields</c> and <c>exception</c>.
/// </summary>
public sealed class JsonLogFormat : ILogFormat
{
    public void Write(IBufferWriter<byte> to, in LogEntry entry)
    {
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("time", entry.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", NameOf(entry.Level));
            json.WriteString("area", entry.Area);
            json.WriteString("message", entry.Message);
            if (entry.Event.Id != 0)
            {
                json.WriteNumber("event", entry.Event.Id);
                if (entry.Event.Name is { } name)
                {
                    json.WriteString("name", name);
                }
            }

            WriteFields(json, entry.Fields);
            if (entry.Exception is { } exception)
            {
                json.WriteString("exception", exception.ToString());
            }

            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? fields)
    {
        bool any = false;
        for (int i = 0; i < (fields?.Count ?? 0); i++)
        {
            (string key, object? value) = fields![i];
            if (key == "{OriginalFormat}")
            {
                continue;
            }

            if (!any)
            {
                json.WriteStartObject("fields");
                any = true;
            }

            switch (value)
            {
                case null: json.WriteNull(key); break;
                case bool flag: json.WriteBoolean(key, flag); break;
                case int number: json.WriteNumber(key, number); break;
                case long number: json.WriteNumber(key, number); break;
                case short number: json.WriteNumber(key, number); break;
                case double number when double.IsFinite(number): json.WriteNumber(key, number); break;
                default: json.WriteString(key, Convert.ToString(value, CultureInfo.InvariantCulture)); break;
            }
        }

        if (any)
        {
            json.WriteEndObject();
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };
}
