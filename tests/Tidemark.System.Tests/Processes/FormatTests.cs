using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Processes;

public sealed class FormatTests
{
    [Fact]
    public async Task Formatting_writes_whose_directory_it_is_and_not_twice_unless_asked()
    {
        using var files = new NodeFiles();
        (await Format(files, NodeFiles.ClusterId)).Succeeded();
        string meta = await File.ReadAllTextAsync(Path.Combine(files.Data, "meta.properties"));
        Assert.Contains($"cluster.id={NodeFiles.ClusterId}\n", meta);
        Assert.Contains("node.id=1\n", meta);
        Assert.Contains("version=1\n", meta);

        CommandResult again = await Format(files, NodeFiles.ClusterId);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("formatted already", again.Error);
        Assert.Contains("formatted already", (await Format(files, NodeFiles.ClusterId, "--ignore-formatted")).Succeeded());
        Assert.Equal(meta, await File.ReadAllTextAsync(Path.Combine(files.Data, "meta.properties")));
    }

    [Fact]
    public async Task Another_clusters_directory_is_refused()
    {
        using var files = new NodeFiles();
        (await Format(files, NodeFiles.ClusterId)).Succeeded();
        CommandResult other = await ChildProcess.RunAsync(RunningBroker.Executable, ["format", "--config", files.Configuration, "--cluster-id", "AAAAAAAAAAAAAAAAAAAAAg", "--ignore-formatted"]);
        Assert.Equal(1, other.ExitCode);
        Assert.Contains(NodeFiles.ClusterId, other.Error);
    }

    [Theory]
    [InlineData("7UoP62f0Sa+5Tskte4IyMw==")]
    [InlineData("orders:eu/1#a!")]
    public async Task A_cluster_may_have_any_id_that_Kafkas_storage_tool_takes(string clusterId)
    {
        using var files = new NodeFiles();
        (await Format(files, clusterId)).Succeeded();
        string meta = Path.Combine(files.Data, "meta.properties");
        Assert.Contains($"cluster.id={clusterId}\n", await File.ReadAllTextAsync(meta));
        Assert.Contains("formatted already", (await Format(files, clusterId, "--ignore-formatted")).Succeeded());
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("back\\slash")]
    public async Task An_id_that_would_be_escaped_is_refused(string clusterId)
    {
        using var files = new NodeFiles();
        CommandResult result = await Format(files, clusterId);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("--cluster-id", result.Error);
        Assert.False(File.Exists(Path.Combine(files.Data, "meta.properties")));
    }

    [Theory]
    [InlineData("--feature", "group.version=9")]
    [InlineData("--feature", "no.such.feature=1")]
    [InlineData("--release-version", "9.9")]
    public async Task Levels_that_there_are_not_are_wrong_usage(string option, string value)
    {
        using var files = new NodeFiles();
        CommandResult result = await Format(files, NodeFiles.ClusterId, option, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(value.Split('=')[0], result.Error);
        Assert.False(File.Exists(Path.Combine(files.Data, "meta.properties")));
    }

    [Fact]
    public async Task A_level_that_needs_a_later_release_is_wrong_usage()
    {
        using var files = new NodeFiles();
        CommandResult result = await Format(files, NodeFiles.ClusterId, "--release-version", "3.8-IV0", "--feature", "eligible.leader.replicas.version=1");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("4.0-IV1", result.Error);
        Assert.False(File.Exists(Path.Combine(files.Data, "meta.properties")));
    }

    [Theory]
    [InlineData("controller", false, "needed")]
    [InlineData("controller", false, "only one", "--standalone", "--no-initial-controllers")]
    [InlineData("broker", false, "role controller", "--standalone")]
    [InlineData("controller", true, "fixes the voters", "--standalone")]
    [InlineData("controller", true, "fixes the voters", "--initial-controllers", "1@127.0.0.1:9093:K90IZ-0DRNazJ49kCZ1EMQ")]
    [InlineData("controller", false, "id@host:port:directory", "--initial-controllers", "1@127.0.0.1:9093")]
    [InlineData("controller", false, "twice", "--initial-controllers", "1@a:9093:K90IZ-0DRNazJ49kCZ1EMQ,1@b:9093:K90IZ-0DRNazJ49kCZ1EMA")]
    [InlineData("controller", false, "kraft.version", "--standalone", "--feature", "kraft.version=0")]
    [InlineData("controller", true, "kraft.version", "--feature", "kraft.version=1")]
    public async Task First_voters_are_named_by_the_rules_of_Kafkas_storage_tool(string role, bool hasFixedVoters, string complaint, params string[] options)
    {
        using NodeFiles files = Voting(role, hasFixedVoters);
        CommandResult result = await Format(files, NodeFiles.ClusterId, options);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(complaint, result.Error);
        Assert.False(File.Exists(Path.Combine(files.Data, "meta.properties")));
    }

    [Fact]
    public async Task Initial_controllers_give_the_directory_its_id_and_every_voter_the_same_snapshot()
    {
        using NodeFiles files = Voting("controller", hasFixedVoters: false);
        (await Format(files, NodeFiles.ClusterId, "--initial-controllers", "1@127.0.0.1:9093:K90IZ-0DRNazJ49kCZ1EMQ,2@[::1]:9193:K90IZ-0DRNazJ49kCZ1EMA")).Succeeded();
        Assert.Contains("directory.id=K90IZ-0DRNazJ49kCZ1EMQ\n", await File.ReadAllTextAsync(Path.Combine(files.Data, "meta.properties")));
        Assert.True(File.Exists(Path.Combine(files.Data, "__cluster_metadata-0", "00000000000000000000-0000000000.checkpoint")));
    }

    private static NodeFiles Voting(string role, bool hasFixedVoters)
    {
        var files = new NodeFiles(
            $"process.roles={role}",
            role == "broker" ? "listeners=PLAINTEXT://127.0.0.1:0" : "listeners=CONTROLLER://127.0.0.1:9093",
            "controller.quorum.bootstrap.servers=127.0.0.1:9093");
        if (!hasFixedVoters)
        {
            string[] lines = File.ReadAllLines(files.Configuration);
            File.WriteAllLines(files.Configuration, lines.Where(line => !line.StartsWith("controller.quorum.voters", StringComparison.Ordinal)));
        }

        return files;
    }

    private static Task<CommandResult> Format(NodeFiles files, string clusterId, params string[] more) =>
        ChildProcess.RunAsync(RunningBroker.Executable, ["format", "--config", files.Configuration, "--cluster-id", clusterId, .. more]);
}
