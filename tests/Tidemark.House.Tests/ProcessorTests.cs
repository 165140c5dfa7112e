using System.Text.RegularExpressions;

namespace Tidemark.House.Tests;

/// <summary>The same sources run on x86-64 and on arm64.</summary>
public partial class ProcessorTests
{
    private static IEnumerable<string> Shipped => Repository.Sources.Where(path => path.StartsWith("src/", StringComparison.Ordinal));

    [Fact]
    public void Instructions_of_one_processor_are_used_only_where_they_are_asked_for() =>
        Rule.Holds(Shipped.Where(path => Instructions().IsMatch(Repository.Text(path)) && !Repository.Text(path).Contains("IsSupported", StringComparison.Ordinal)));

    [Fact]
    public void No_project_names_a_processor() =>
        Rule.Holds(Repository.Find(
            Repository.Files.Where(path => Path.GetExtension(path) is ".csproj" or ".props" or ".targets"),
            new Regex("PlatformTarget|<RuntimeIdentifiers?>[a-z]|linux-(x64|arm64)")));

    /// <summary>What differs between the two in the operating system's own interface: numbers of calls and the layout of events.</summary>
    [Fact]
    public void What_depends_on_the_processor_stands_in_two_places() =>
        Assert.Equal(
            ["src/Tidemark.Network/Native/EpollSet.cs", "src/Tidemark.Storage/Files/LinuxDirectory.cs"],
            Shipped.Where(path => Repository.Text(path).Contains("ProcessArchitecture", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    [Fact]
    public void The_launcher_builds_for_both()
    {
        string launcher = Repository.Text("tidemark");
        Assert.Contains("linux-x64", launcher);
        Assert.Contains("linux-arm64", launcher);
    }

    [GeneratedRegex(@"Intrinsics\.(X86|Arm)\b")]
    private static partial Regex Instructions();
}
