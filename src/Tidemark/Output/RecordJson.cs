using System.Text;
using System.Text.Json;

namespace Tidemark.Output;

/// <summary>A record as JSON. Keys and values that are UTF-8 are text; others are base64 under a name that says so.</summary>
internal static class RecordJson
{
    public static void Write(
        Utf8JsonWriter writer,
        string? topic,
        int? partition,
        long offset,
        long timestamp,
        byte[]? key,
        byte[]? value,
        IReadOnlyList<(string Key, byte[]? Value)> headers)
    {
        writer.WriteStartObject();
        if (topic is not null)
        {
            writer.WriteString("topic", topic);
            writer.WriteNumber("partition", partition ?? -1);
        }

        writer.WriteNumber("offset", offset);
        writer.WriteNumber("timestamp", timestamp);
        WriteBytes(writer, "key", key);
        WriteBytes(writer, "value", value);
        if (headers.Count > 0)
        {
            writer.WriteStartArray("headers");
            foreach ((string name, byte[]? bytes) in headers)
            {
                writer.WriteStartObject();
                writer.WriteString("key", name);
                WriteBytes(writer, "value", bytes);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteBytes(Utf8JsonWriter writer, string name, byte[]? bytes)
    {
        if (bytes is null)
        {
            writer.WriteNull(name);
        }
        else if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            writer.WriteString(name, Encoding.UTF8.GetString(bytes));
        }
        else
        {
            writer.WriteBase64String(name + "Base64", bytes);
        }
    }
}
