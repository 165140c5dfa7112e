using System.Globalization;
using System.Runtime.InteropServices;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// Gives back what only the start needed. A start walks through most of the runtime, the libraries and the framework once, and the
/// pages of these files would stay in the process's resident memory for good. They are let go of in one sweep; those that are
/// still in use come back from the page cache at their next touch, without a read from the disk.
/// </summary>
public static partial class StartUpPages
{
    private const int DoNotNeed = 4;

    /// <summary>
    /// Unmaps the pages of files that this process cannot have changed: mappings without the right to write in which no page is the process's
    /// own. A page that was changed before its mapping was protected (relocations, for instance) counts as its own, and its mapping is left alone.
    /// Answers how many bytes of mappings were swept; zero where the system has no such list.
    /// </summary>
    public static long Release()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        long swept = 0;
        try
        {
            using var maps = new StreamReader("/proc/self/smaps");
            (nuint Start, nuint End) mapping = default;
            bool isCandidate = false;
            while (maps.ReadLine() is { } line)
            {
                if (line.StartsWith("Anonymous:", StringComparison.Ordinal))
                {
                    // "Anonymous:             0 kB": pages of the process's own, written to or copied.
                    if (isCandidate && line.AsSpan("Anonymous:".Length).Trim() is "0 kB" && Advise(mapping.Start, mapping.End - mapping.Start, DoNotNeed) == 0)
                    {
                        swept += (long)(mapping.End - mapping.Start);
                    }

                    isCandidate = false;
                }
                else if (TryReadHeading(line, out (nuint Start, nuint End) found, out bool isFileOnly))
                {
                    (mapping, isCandidate) = (found, isFileOnly);
                }
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // A system without this list, or one that keeps it to itself, keeps the pages too.
        }

        return swept;
    }

    /// <summary>"7f2c…-7f2d… r-xp 00000000 fe:00 1234   /usr/lib/libc.so.6"; false for the lines of details between the headings.</summary>
    private static bool TryReadHeading(ReadOnlySpan<char> line, out (nuint Start, nuint End) mapping, out bool isFileOnly)
    {
        mapping = default;
        isFileOnly = false;
        int dash = line.IndexOf('-');
        int space = line.IndexOf(' ');
        if (dash <= 0 || space < dash
            || !nuint.TryParse(line[..dash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nuint start)
            || !nuint.TryParse(line[(dash + 1)..space], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out nuint end))
        {
            return false;
        }

        mapping = (start, end);

        // Of programs only: the runtime never unmaps them, so that nothing else can have come to their address since the list was made.
        ReadOnlySpan<char> rest = line[(space + 1)..];
        bool isProgram = rest.Contains('/') && (rest.EndsWith(".dll") || rest.EndsWith(".so") || rest.Contains(".so.", StringComparison.Ordinal));
        isFileOnly = isProgram && rest[0] == 'r' && rest[1] == '-';
        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint address, nuint length, int advice);
}
