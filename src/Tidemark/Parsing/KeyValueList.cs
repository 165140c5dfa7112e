namespace Tidemark.Parsing;

/// <summary>Options of the form <c>key=value</c> that may be given again.</summary>
internal static class KeyValueList
{
    /// <exception cref="CommandException">One has no equals sign.</exception>
    public static IReadOnlyList<(string Key, string Value)> Read(string option, IEnumerable<string>? texts)
    {
        var pairs = new List<(string, string)>();
        foreach (string text in texts ?? [])
        {
            int equals = text.IndexOf('=');
            if (equals <= 0)
            {
                throw new CommandException(ExitCode.Usage, $"{option} {text}: key=value is allowed");
            }

            pairs.Add((text[..equals], text[(equals + 1)..]));
        }

        return pairs;
    }
}
