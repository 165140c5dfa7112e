using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tidemark.Output;

/// <summary>JSON on standard output: one value, then a line break.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions s_indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions s_line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a value, indented for the eye.</summary>
    public static void Write(Action<Utf8JsonWriter> value) => Write(value, s_indented);

    /// <summary>Writes a value on one line, for streams of values.</summary>
    public static void WriteLine(Action<Utf8JsonWriter> value) => Write(value, s_line);

    /// <summary>The name of a column as a JSON key: <c>leader epoch</c> becomes <c>leaderEpoch</c>.</summary>
    public static string NameOf(string column)
    {
        string[] words = column.Split([' ', '-', '/'], StringSplitOptions.RemoveEmptyEntries);
        return words[0].ToLowerInvariant() + string.Concat(words.Skip(1).Select(word => char.ToUpperInvariant(word[0]) + word[1..].ToLowerInvariant()));
    }

    public static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case int number: writer.WriteNumberValue(number); break;
            case long number: writer.WriteNumberValue(number); break;
            case short number: writer.WriteNumberValue(number); break;
            case double number: writer.WriteNumberValue(number); break;
            case System.Collections.IEnumerable many:
                writer.WriteStartArray();
                foreach (object? one in many)
                {
                    WriteValue(writer, one);
                }

                writer.WriteEndArray();
                break;
            default: writer.WriteStringValue(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)); break;
        }
    }

    private static void Write(Action<Utf8JsonWriter> value, JsonWriterOptions options)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            value(writer);
        }

        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
