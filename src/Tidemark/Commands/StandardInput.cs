namespace Tidemark.Commands;

/// <summary>Standard input as this process was given it.</summary>
internal static class StandardInput
{
    private const int CloseOnExec = 0x80000;

    /// <summary>
    /// Standard input; nothing where the caller has closed it. The runtime's own files take the lowest numbers that are free, one of its pipes that of a closed
    /// input: reading there waits for ever, and takes away what the runtime sends to itself.
    /// </summary>
    public static Stream Open() => WasGiven() ? Console.OpenStandardInput() : Stream.Null;

    /// <summary>What comes over an exec cannot be marked as closed by it, and the runtime marks all that it opens.</summary>
    private static bool WasGiven()
    {
        const string Flags = "flags:";
        try
        {
            string line = File.ReadLines("/proc/self/fdinfo/0").First(each => each.StartsWith(Flags, StringComparison.Ordinal));
            return (Convert.ToInt64(line[Flags.Length..].Trim(), 8) & CloseOnExec) == 0;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException)
        {
            return true;
        }
    }
}
