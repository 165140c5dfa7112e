using System.Collections;
using System.Reflection;
using System.Text.Json;
using Tidemark.Primitives;

namespace Tidemark.Protocol.Tests.Vectors;

/// <summary>
/// Compares a message with the JSON that Kafka's converter prints: camel case, bytes in base64, ids as text.
/// The converter leaves out fields that the version lacks and tagged fields that are at their default.
/// </summary>
public static class JsonComparison
{
    /// <summary>What differs first, or null.</summary>
    public static string? Difference(object message, string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return CompareObject(message, document.RootElement, message.GetType().Name);
    }

    private static string? CompareObject(object message, JsonElement json, string path)
    {
        foreach (JsonProperty expected in json.EnumerateObject())
        {
            string name = char.ToUpperInvariant(expected.Name[0]) + expected.Name[1..];
            PropertyInfo? property = message.GetType().GetProperty(name);
            if (property is null)
            {
                return $"{path} has no {name}.";
            }

            // The vectors print no records: their bytes are compared when the message is written again.
            if (name is "Records" or "UnalignedRecords")
            {
                continue;
            }

            if (CompareValue(property.GetValue(message), expected.Value, $"{path}.{name}") is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    private static string? CompareValue(object? actual, JsonElement json, string path)
    {
        bool equal;
        switch (json.ValueKind)
        {
            case JsonValueKind.Null:
                equal = actual is null;
                break;
            case JsonValueKind.Array:
                return CompareArray(actual as IList, json, path);
            case JsonValueKind.Object:
                return actual is null ? $"{path} is null." : CompareObject(actual, json, path);
            case JsonValueKind.True or JsonValueKind.False:
                equal = actual is bool flag && flag == json.GetBoolean();
                break;
            case JsonValueKind.Number:
                equal = actual is double number ? number.Equals(json.GetDouble()) : actual is not null && AsInteger(actual) == json.GetInt64();
                break;
            default:
                equal = CompareText(actual, json.GetString()!);
                break;
        }

        return equal ? null : $"{path} is {actual ?? "null"}, not {json.GetRawText()}.";
    }

    private static string? CompareArray(IList? actual, JsonElement json, string path)
    {
        if (actual is null || actual.Count != json.GetArrayLength())
        {
            return $"{path} has {actual?.Count} elements, not {json.GetArrayLength()}.";
        }

        int i = 0;
        foreach (JsonElement element in json.EnumerateArray())
        {
            if (CompareValue(actual[i], element, $"{path}[{i}]") is { } difference)
            {
                return difference;
            }

            i++;
        }

        return null;
    }

    private static bool CompareText(object? actual, string text) => actual switch
    {
        string value => value == text,
        Uuid id => id.ToString() == text,
        ReadOnlyMemory<byte> bytes => Convert.ToBase64String(bytes.Span) == text,
        double number => number.ToString(System.Globalization.CultureInfo.InvariantCulture) == text,
        _ => false,
    };

    private static long AsInteger(object actual) => actual is ErrorCode code ? (short)code : Convert.ToInt64(actual);
}
