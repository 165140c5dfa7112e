using System.Collections;
using System.Globalization;
using System.Reflection;
using Tidemark.Primitives;

namespace Tidemark.System.Tests.Comparison;

/// <summary>
/// An answer as lines "path = value", so that two brokers' answers can be compared field by field. What no two brokers share (ids, ports,
/// paths) shows only whether it is there; lists stand in the order of what is in them.
/// </summary>
public static class AnswerText
{
    private static readonly HashSet<string> Own =
    [
        "TopicId", "Host", "Port", "ClusterId", "ProducerId", "SessionId", "LogDir", "TotalBytes", "UsableBytes", "BrokerEpoch", "PartitionSize",
        "ReplicaDirectoryId",
    ];

    /// <summary>What says nothing about the request; and the words for people, of which Tidemark has more.</summary>
    private static readonly HashSet<string> LeftOut = ["UnknownTags", "ThrottleTimeMs", "Api", "ErrorMessage", "BatchIndexErrorMessage"];

    public static string[] Of(object answer) => [.. Lines(answer, "")];

    private static IEnumerable<string> Lines(object message, string path)
    {
        foreach (PropertyInfo property in message.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).OrderBy(property => property.Name, StringComparer.Ordinal))
        {
            if (!LeftOut.Contains(property.Name))
            {
                foreach (string line in ValueLines(property.GetValue(message), path + property.Name, Own.Contains(property.Name)))
                {
                    yield return line;
                }
            }
        }
    }

    private static IEnumerable<string> ValueLines(object? value, string path, bool isOwn)
    {
        switch (value)
        {
            case IList list:
                string[][] elements = [.. list.Cast<object>().Select(element => ValueLines(element, "", isOwn).ToArray()).OrderBy(lines => string.Join('\n', lines), StringComparer.Ordinal)];
                IEnumerable<string> inside = elements.SelectMany((lines, index) => lines.Select(line => $"{path}[{index}]{(line.StartsWith(' ') ? "" : ".")}{line}"));
                return inside.Prepend($"{path} has {list.Count}");
            case null or string or ReadOnlyMemory<byte> or Uuid or Enum or IFormattable or bool:
                return [$"{path} = {(isOwn ? Presence(value) : Text(value))}"];
            default:
                return Lines(value, path.Length == 0 ? "" : path + ".");
        }
    }

    private static string Presence(object? value) => value is null or "" or -1 or -1L || Equals(value, Uuid.Zero) ? Text(value) : "something";

    private static string Text(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        ReadOnlyMemory<byte> bytes => Convert.ToHexStringLower(bytes.Span),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };
}
