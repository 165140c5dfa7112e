using System.Text.Json;
using Tidemark.System.Tests.Processes;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.CommandLines;

/// <summary>What commands print: JSON for scripts, examples for people, no more than a pipe takes.</summary>
public sealed class OutputTests(CommandLineTests.Broker fixture) : IClassFixture<CommandLineTests.Broker>
{
    [Fact]
    public async Task What_changes_something_says_in_json_what_it_changed()
    {
        JsonElement created = await Json("topics", "create", "changed", "--partitions", "2");
        Assert.Equal("changed", created.GetProperty("topic").GetString());
        Assert.Equal(2, created.GetProperty("partitions").GetInt32());
        Assert.Equal(3, (await Json("topics", "add-partitions", "changed", "--to", "3")).GetProperty("partitions").GetInt32());
        Assert.Equal("retention.ms", (await Json("topics", "alter", "changed", "--set", "retention.ms=1000")).GetProperty("changed")[0].GetString());
        Assert.True((await Json("configs", "alter", "--topic", "changed", "--unset", "retention.ms", "--validate-only")).GetProperty("validatedOnly").GetBoolean());
        Assert.Equal(0, (await Json("topics", "delete-records", "changed", "--all"))[2].GetProperty("firstOffset").GetInt64());
        Assert.True((await Json("topics", "delete", "changed"))[0].GetProperty("deleted").GetBoolean());
    }

    [Fact]
    public async Task A_topic_that_could_not_be_deleted_is_in_the_json_and_in_the_exit_code()
    {
        CommandResult result = await Run("topics", "delete", "never-was", "--json");
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("UNKNOWN_TOPIC_OR_PARTITION", JsonDocument.Parse(result.Output).RootElement[0].GetProperty("error").GetString());
    }

    [Fact]
    public async Task What_stands_above_a_table_is_in_the_json_too()
    {
        JsonElement cluster = await Json("cluster", "describe");
        Assert.Equal(22, cluster.GetProperty("clusterId").GetString()!.Length);
        Assert.Equal(1, cluster.GetProperty("brokers")[0].GetProperty("broker").GetInt32());
        JsonElement quorum = await Json("cluster", "quorum");
        Assert.Equal(1, quorum.GetProperty("leader").GetInt32());
        Assert.Equal("leader", quorum.GetProperty("replicas")[0].GetProperty("role").GetString());
    }

    [Fact]
    public async Task Each_log_directory_has_a_row()
    {
        (await ChildProcess.RunAsync(RunningBroker.Executable, ["produce", "in-directory", "--bootstrap-server", fixture.Running.Bootstrap], "x\n")).Succeeded();
        JsonElement row = Assert.Single((await Json("cluster", "log-dirs")).EnumerateArray());
        Assert.Equal((1, fixture.Running.Data), (row.GetProperty("broker").GetInt32(), row.GetProperty("directory").GetString()));
        Assert.True(row.GetProperty("partitions").GetInt32() >= 1);
        Assert.True(row.GetProperty("bytes").GetInt64() > 61);
        Assert.True(row.GetProperty("freeBytes").GetInt64() > 0);
        Assert.Equal(JsonValueKind.Null, row.GetProperty("error").ValueKind);
        string[] lines = (await Run("cluster", "log-dirs")).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^BROKER +DIRECTORY +PARTITIONS +BYTES +FREE BYTES +ERROR *$", lines[0]);
        Assert.Matches($"^1 +{fixture.Running.Data} +[0-9]+ +[0-9]+ +[0-9]+", lines[1]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("format")]
    [InlineData("topics")]
    [InlineData("configs")]
    [InlineData("configs alter")]
    [InlineData("produce")]
    [InlineData("consume")]
    [InlineData("cluster")]
    [InlineData("up")]
    [InlineData("quorum")]
    [InlineData("quorum add-voter")]
    [InlineData("reassign")]
    [InlineData("reassign generate")]
    [InlineData("elect")]
    [InlineData("elect unclean")]
    [InlineData("groups")]
    [InlineData("groups reset-offsets")]
    [InlineData("transactions")]
    [InlineData("transactions abort")]
    [InlineData("logs")]
    [InlineData("perf")]
    [InlineData("completion")]
    public async Task Help_ends_with_lines_to_copy(string command)
    {
        string help = (await ChildProcess.RunAsync(RunningBroker.Executable, [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"])).Succeeded();
        Assert.Contains("Examples:", help);
        Assert.Contains($"  tidemark {command}".TrimEnd(), help[help.IndexOf("Examples:", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task A_command_ends_when_nobody_reads_it_any_more()
    {
        string lines = string.Join('\n', Enumerable.Range(0, 50_000));
        (await ChildProcess.RunAsync(RunningBroker.Executable, ["produce", "much", "--bootstrap-server", fixture.Running.Bootstrap], lines)).Succeeded();
        CommandResult result = await ChildProcess.RunAsync(
            "bash", ["-c", $"set -o pipefail; '{RunningBroker.Executable}' consume much --from-beginning --follow -b {fixture.Running.Bootstrap} | head -n 1"]);
        Assert.Equal("0\n", result.Succeeded());
        Assert.Equal("", result.Error);
    }

    /// <summary>One partition for five: whoever has none is read by nobody either.</summary>
    [Fact]
    public async Task A_member_of_a_group_without_partitions_ends_when_nobody_reads_it_any_more()
    {
        await Run("topics", "create", "shared", "--partitions", "1");
        string member = $"'{RunningBroker.Executable}' consume shared --group unread --follow -b {fixture.Running.Bootstrap}";
        CommandResult result = await ChildProcess.RunAsync(
            "bash", ["-c", $"{member} > /dev/null & stays=$!; for each in 1 2 3 4; do ( {member} | true ) & unread+=($!); done; wait ${{unread[@]}}; kill $stays; wait $stays"]);
        Assert.Equal("", result.Succeeded());
    }

    [Theory]
    [InlineData("consume full", "> /dev/full")]
    [InlineData("--help", "> /dev/full")]
    [InlineData("topics describe never-was", "2> /dev/full")]
    public async Task What_cannot_be_written_is_a_line_at_most_and_no_success(string command, string redirection)
    {
        (await ChildProcess.RunAsync(RunningBroker.Executable, ["produce", "full", "--bootstrap-server", fixture.Running.Bootstrap], "x\n")).Succeeded();
        CommandResult result = await ChildProcess.RunAsync("bash", ["-c", $"TIDEMARK_BOOTSTRAP={fixture.Running.Bootstrap} '{RunningBroker.Executable}' {command} {redirection}"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(redirection[0] == '>' ? "tidemark: cannot write to standard output: No space left on device\n" : "", result.Error);
    }

    [Theory]
    [InlineData(44, "replication factor  1")]
    [InlineData(60, "narrow          2 ")]
    public async Task A_narrow_terminal_shows_every_cell_whole(int columns, string expected)
    {
        await Run("topics", "create", "narrow", "--partitions", "2");
        string id = (await Json("topics", "describe", "narrow")).GetProperty("topicId").GetString()!;
        string shown = (await ChildProcess.RunAsync(
            "script", ["-qec", $"stty cols {columns} && TERM=dumb '{RunningBroker.Executable}' topics list -b {fixture.Running.Bootstrap}", "/dev/null"])).Succeeded();
        Assert.Contains(expected, shown);
        Assert.Contains(id, shown);
        Assert.All(shown.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, columns));
    }

    [Theory]
    [InlineData("produce nothing")]
    [InlineData("topics list")]
    public async Task A_closed_input_is_an_empty_one(string command)
    {
        string line = $"TIDEMARK_BOOTSTRAP={fixture.Running.Bootstrap} timeout --signal KILL 30 '{RunningBroker.Executable}' {command} <&-";
        CommandResult result = await ChildProcess.RunAsync("bash", ["-c", line]);
        result.Succeeded();
        Assert.Equal("", result.Error);
    }

    [Fact]
    public async Task An_offset_after_the_end_is_the_end()
    {
        (await ChildProcess.RunAsync(RunningBroker.Executable, ["produce", "short", "--bootstrap-server", fixture.Running.Bootstrap], "x\n")).Succeeded();
        Assert.Equal("", (await Run("consume", "short", "--offset", "99")).Succeeded());
    }

    private async Task<JsonElement> Json(params string[] arguments) => JsonDocument.Parse((await Run([.. arguments, "--json"])).Succeeded()).RootElement;

    private Task<CommandResult> Run(params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", fixture.Running.Bootstrap]);
}
