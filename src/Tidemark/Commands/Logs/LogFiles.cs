using System.Globalization;

namespace Tidemark.Commands.Logs;

/// <summary>Finds segments: of one file, of a partition's directory, or of all partitions under a data directory.</summary>
internal static class LogFiles
{
    /// <summary>The segment files named, each partition's in the order of their offsets.</summary>
    /// <exception cref="CommandException">There is no such file or directory, or nothing in it is a segment.</exception>
    public static IReadOnlyList<string> Segments(IEnumerable<string> paths)
    {
        var found = new List<string>();
        foreach (string path in paths)
        {
            if (File.Exists(path))
            {
                found.Add(Path.GetFullPath(path));
            }
            else if (Directory.Exists(path))
            {
                IEnumerable<string> directories = Directory.EnumerateDirectories(path).Where(d => !IsDeleted(d)).Order(StringComparer.Ordinal).Prepend(path);
                found.AddRange(directories.SelectMany(d => Directory.EnumerateFiles(d, "*.log").Where(f => TryBaseOffset(f, out _)).Order(StringComparer.Ordinal)).Select(Path.GetFullPath));
            }
            else
            {
                throw new CommandException(ExitCode.Usage, $"{path}: there is no such file or directory");
            }
        }

        return found.Count > 0 ? found : throw new CommandException(ExitCode.Usage, "no segments (files of twenty digits ending in .log) found");
    }

    /// <summary>The offset in a segment's name.</summary>
    public static bool TryBaseOffset(string path, out long offset)
    {
        offset = 0;
        string name = Path.GetFileNameWithoutExtension(path);
        return name.Length == 20 && long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out offset);
    }

    private static bool IsDeleted(string directory) => directory.EndsWith("-delete", StringComparison.Ordinal) || directory.EndsWith("-stray", StringComparison.Ordinal);
}
