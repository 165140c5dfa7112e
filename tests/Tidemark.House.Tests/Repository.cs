namespace Tidemark.House.Tests;

/// <summary>The project's own files, as the rules about them read them.</summary>
public static class Repository
{
    private static readonly string[] Generated = [".git", "artifacts", "bin", "obj", "node_modules", "data", "BenchmarkDotNet.Artifacts", "TestResults", "__pycache__"];

    /// <summary>The directory that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with forward slashes, of everything that somebody wrote; build output and downloads are left out.</summary>
    public static IReadOnlyList<string> Files { get; } = Walk(Root).Order(StringComparer.Ordinal).ToArray();

    /// <summary>C#, message definitions, project files and scripts: what the rules of style speak of.</summary>
    public static IEnumerable<string> Sources => Files.Where(IsSource);

    public static string Text(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    /// <summary>Every line of the files that a pattern is found in, as path:line: text, to be printed when a rule is broken.</summary>
    public static IEnumerable<string> Find(IEnumerable<string> paths, System.Text.RegularExpressions.Regex pattern) =>
        from path in paths
        from line in Lines(path).Select((text, index) => (text, number: index + 1))
        where pattern.IsMatch(line.text)
        select $"{path}:{line.number}: {line.text.Trim()}";

    private static bool IsSource(string path) =>
        Path.GetExtension(path) is ".cs" or ".kmsg" or ".csproj" or ".props" or ".targets" or ".py" or ".js" or ".mjs" or ".sh"
        || (Path.GetExtension(path).Length == 0 && Lines(path).FirstOrDefault()?.StartsWith("#!", StringComparison.Ordinal) == true);

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory != null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Tidemark.slnx")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("These tests read the sources they were built from, and found no Tidemark.slnx above them.");
    }

    private static IEnumerable<string> Walk(string directory)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(directory))
        {
            if (Generated.Contains(Path.GetFileName(entry)))
            {
                continue;
            }

            if (Directory.Exists(entry))
            {
                foreach (string file in Walk(entry))
                {
                    yield return file;
                }
            }
            else
            {
                yield return Path.GetRelativePath(Root, entry).Replace('\\', '/');
            }
        }
    }
}
