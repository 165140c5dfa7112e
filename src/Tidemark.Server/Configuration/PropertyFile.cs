using System.Text;

namespace Tidemark.Server.Configuration;

/// <summary>One assignment of a property file, with the number of the line where it begins.</summary>
public sealed record Property(string Key, string Value, int Line);

/// <summary>
/// Reads the property files that Kafka's users have: the syntax of <c>java.util.Properties</c>, as the Java platform describes it.
/// A natural line ends at a line break; a logical line goes on over line breaks that an odd number of backslashes precedes, and
/// the blanks that open the next natural line are dropped. Lines that open with <c>#</c> or <c>!</c> are comments. The key ends at
/// the first <c>=</c>, <c>:</c> or blank that no backslash precedes. The escapes are <c>\t \n \r \f \uXXXX</c>; a backslash
/// before anything else just goes away.
/// </summary>
public static class PropertyFile
{
    /// <summary>Reads a file. Bytes that are not UTF-8 are taken as Latin-1, which Java reads.</summary>
    /// <exception cref="ConfigurationException">The file cannot be read, or holds a broken escape.</exception>
    public static IReadOnlyList<Property> Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string why = failure is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : path.Length == 0 ? "no file is named" : failure.Message;
            throw new ConfigurationException($"cannot read the configuration file {path}: {why}");
        }

        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            text = Encoding.Latin1.GetString(bytes);
        }

        try
        {
            return Parse(text);
        }
        catch (ConfigurationException broken)
        {
            throw new ConfigurationException($"{path}: {broken.Message}");
        }
    }

    /// <summary>The assignments in the order of the text. A key that is set twice comes twice: the later one counts.</summary>
    public static IReadOnlyList<Property> Parse(string text)
    {
        var properties = new List<Property>();
        var logical = new StringBuilder();
        int begunAt = 0;
        int number = 0;
        foreach (string natural in NaturalLines(text))
        {
            number++;
            ReadOnlySpan<char> line = natural.AsSpan().TrimStart(Blanks.AsSpan());
            if (logical.Length == 0)
            {
                if (line.IsEmpty || line[0] is '#' or '!')
                {
                    continue;
                }

                begunAt = number;
            }

            if (EndsInContinuation(line))
            {
                logical.Append(line[..^1]);
                if (logical.Length == 0)
                {
                    // A lone backslash: the line goes on, and what follows must not be taken for a comment.
                    logical.Append(' ');
                }

                continue;
            }

            logical.Append(line);
            Add(properties, logical.ToString().TrimStart(BlankSet), begunAt);
            logical.Clear();
        }

        if (logical.Length > 0)
        {
            Add(properties, logical.ToString().TrimStart(BlankSet), begunAt);
        }

        return properties;
    }

    private const string Blanks = " \t\f";
    private static readonly char[] BlankSet = [.. Blanks];

    private static IEnumerable<string> NaturalLines(string text)
    {
        using var reader = new StringReader(text.StartsWith('\uFEFF') ? text[1..] : text);
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static bool EndsInContinuation(ReadOnlySpan<char> line)
    {
        int backslashes = 0;
        while (backslashes < line.Length && line[^(backslashes + 1)] == '\\')
        {
            backslashes++;
        }

        return backslashes % 2 == 1;
    }

    private static void Add(List<Property> properties, string line, int number)
    {
        int end = 0;
        while (end < line.Length && line[end] is not ('=' or ':') && !Blanks.Contains(line[end]))
        {
            end += line[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, line.Length);
        int value = end;
        while (value < line.Length && Blanks.Contains(line[value]))
        {
            value++;
        }

        if (value < line.Length && line[value] is '=' or ':')
        {
            value++;
            while (value < line.Length && Blanks.Contains(line[value]))
            {
                value++;
            }
        }

        properties.Add(new Property(Unescape(line[..end], number), Unescape(line[value..], number), number));
    }

    private static string Unescape(string text, int line)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }

            if (++i == text.Length)
            {
                break;
            }

            switch (text[i])
            {
                case 't': plain.Append('\t'); break;
                case 'n': plain.Append('\n'); break;
                case 'r': plain.Append('\r'); break;
                case 'f': plain.Append('\f'); break;
                case 'u':
                    if (i + 4 >= text.Length
                        || !ushort.TryParse(text.AsSpan(i + 1, 4), System.Globalization.NumberStyles.AllowHexSpecifier, null, out ushort code))
                    {
                        throw new ConfigurationException($"line {line}: \\u must be followed by four hexadecimal digits");
                    }

                    plain.Append((char)code);
                    i += 4;
                    break;
                default: plain.Append(text[i]); break;
            }
        }

        return plain.ToString();
    }
}
