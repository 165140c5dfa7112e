namespace Tidemark.System.Tests;

/// <summary>Where the sources stand: the nearest directory above the tests that holds the solution.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string? at)
    {
        while (at is not null && !File.Exists(Path.Combine(at, "Tidemark.slnx")))
        {
            at = Path.GetDirectoryName(at);
        }

        return at ?? throw new DirectoryNotFoundException("no Tidemark.slnx above the tests");
    }
}
