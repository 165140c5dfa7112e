using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Processes;

public sealed class FormatTests
{
    [Fact]
    public async Task Formatting_writes_whose_directory_it_is_and_not_twice_unless_asked()
    {
        using var files = new NodeFiles();
        (await Format(files)).Succeeded();
        string meta = await File.ReadAllTextAsync(Path.Combine(files.Data, "meta.properties"));
        Assert.Contains($"cluster.id={NodeFiles.ClusterId}\n", meta);
        Assert.Contains("node.id=1\n", meta);
        Assert.Contains("version=1\n", meta);

        CommandResult again = await Format(files);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("formatted already", again.Error);
        Assert.Contains("formatted already", (await Format(files, "--ignore-formatted")).Succeeded());
        Assert.Equal(meta, await File.ReadAllTextAsync(Path.Combine(files.Data, "meta.properties")));
    }

    [Fact]
    public async Task Another_clusters_directory_is_refused()
    {
        using var files = new NodeFiles();
        (await Format(files)).Succeeded();
        CommandResult other = await ChildProcess.RunAsync(RunningBroker.Executable, ["format", "--config", files.Configuration, "--cluster-id", "AAAAAAAAAAAAAAAAAAAAAg", "--ignore-formatted"]);
        Assert.Equal(1, other.ExitCode);
        Assert.Contains(NodeFiles.ClusterId, other.Error);
    }

    [Theory]
    [InlineData("--feature", "group.version=9")]
    [InlineData("--feature", "no.such.feature=1")]
    [InlineData("--release-version", "9.9")]
    public async Task Levels_that_there_are_not_are_wrong_usage(string option, string value)
    {
        using var files = new NodeFiles();
        CommandResult result = await Format(files, option, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(value.Split('=')[0], result.Error);
        Assert.False(File.Exists(Path.Combine(files.Data, "meta.properties")));
    }

    private static Task<CommandResult> Format(NodeFiles files, params string[] more) =>
        ChildProcess.RunAsync(RunningBroker.Executable, ["format", "--config", files.Configuration, "--cluster-id", NodeFiles.ClusterId, .. more]);
}
