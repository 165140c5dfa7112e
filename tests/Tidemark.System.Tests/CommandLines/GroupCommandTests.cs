using System.Text.Json;
using Tidemark.System.Tests.Processes;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.CommandLines;

/// <summary>The commands about groups, and reading as a member of one.</summary>
public sealed class GroupCommandTests(CommandLineTests.Broker fixture) : IClassFixture<CommandLineTests.Broker>
{
    [Fact]
    public async Task A_group_goes_on_where_it_stopped_and_is_described_with_what_it_lacks()
    {
        await Fill("resumed", 3);
        string first = (await Run("consume", "resumed", "--group", "reader", "--max", "4")).Succeeded();
        Assert.Equal(4, Lines(first).Length);

        JsonElement group = await Json("groups", "describe", "reader");
        Assert.Equal(("classic", "Empty", 26), (group.GetProperty("type").GetString(), group.GetProperty("state").GetString(), 30 - Committed(group)));
        Assert.Matches("last rebalance at 20..-.*: left:", group.GetProperty("note").GetString());

        string rest = (await Run("consume", "resumed", "--group", "reader")).Succeeded();
        Assert.Equal(Enumerable.Range(0, 30), Lines(first + rest).Select(int.Parse).Order());
        Assert.Equal("", (await Run("consume", "resumed", "--group", "reader")).Succeeded());
        Assert.Equal(0, (await Json("groups", "describe", "reader")).GetProperty("lag").GetInt64());
        Assert.Contains((await Json("groups", "list")).EnumerateArray(), g => g.GetProperty("group").GetString() == "reader");
    }

    [Fact]
    public async Task Offsets_are_moved_when_that_is_said_and_only_shown_otherwise()
    {
        await Fill("moved-about", 1);
        string[] reset = ["groups", "reset-offsets", "mover", "--topic", "moved-about"];
        (string Where, long Expected)[] moves =
        [
            ("--to-offset 5", 5),
            ("--to-current", 5),
            ("--shift-by -2", 3),
            ("--to-latest", 10),
            ("--shift-by -20", 0),
            ("--to-time 2120-01-01T00:00:00Z", 10),
            ("--to-earliest", 0),
            ("--to-offset 700", 10),
            ("--to-time 2020-01-01T00:00:00Z", 0),
            ("--to-offset 7", 7),
        ];
        foreach ((string where, long expected) in moves)
        {
            JsonElement moved = await Json([.. reset, .. where.Split(' '), "--execute"]);
            Assert.True(moved.GetProperty("executed").GetBoolean());
            Assert.Equal((where, expected), (where, moved.GetProperty("partitions")[0].GetProperty("to").GetInt64()));
        }

        JsonElement shown = await Json([.. reset, "--to-earliest"]);
        Assert.False(shown.GetProperty("executed").GetBoolean());
        Assert.Equal((7, 0), (shown.GetProperty("partitions")[0].GetProperty("from").GetInt64(), shown.GetProperty("partitions")[0].GetProperty("to").GetInt64()));
        Assert.Equal(7, Committed(await Json("groups", "describe", "mover")));
    }

    [Fact]
    public async Task Offsets_are_taken_from_a_file_and_for_chosen_partitions()
    {
        await Fill("chosen", 3);
        string file = Path.Combine(fixture.Running.Home, "offsets.csv");
        await File.WriteAllTextAsync(file, "chosen,0,3\n\"chosen\",2,4\n");
        (await Run("groups", "reset-offsets", "chooser", "--from-file", file, "--execute")).Succeeded();
        (await Run("groups", "reset-offsets", "chooser", "--topic", "chosen:1", "--to-latest", "--execute")).Succeeded();

        Assert.Equal([3, 10, 4], (await Json("groups", "describe", "chooser")).GetProperty("partitions").EnumerateArray().Select(p => p.GetProperty("committed").GetInt64()));
        (await Run("groups", "delete-offsets", "chooser", "--topic", "chosen:0,2")).Succeeded();
        Assert.Single((await Json("groups", "describe", "chooser")).GetProperty("partitions").EnumerateArray());
        (await Run("groups", "delete", "chooser")).Succeeded();
        CommandResult gone = await Run("groups", "describe", "chooser");
        Assert.Equal(1, gone.ExitCode);
        Assert.Contains("GROUP_ID_NOT_FOUND", gone.Error);
    }

    [Theory]
    [InlineData("groups reset-offsets g --to-earliest", 2)]
    [InlineData("groups reset-offsets g --all-topics", 2)]
    [InlineData("groups reset-offsets g --all-topics --to-earliest --to-latest", 2)]
    [InlineData("consume t --group g --offset 3", 2)]
    [InlineData("groups delete never-was", 1)]
    [InlineData("groups reset-offsets g --topic never-was --to-latest", 1)]
    public async Task What_cannot_be_done_says_so(string command, int exitCode)
    {
        CommandResult result = await Run(command.Split(' '));

        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith("tidemark: ", result.Error);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static long Committed(JsonElement group) =>
        group.GetProperty("partitions").EnumerateArray().Sum(p => p.GetProperty("committed") is { ValueKind: JsonValueKind.Number } committed ? committed.GetInt64() : 0);

    /// <summary>Ten records in each partition.</summary>
    private async Task Fill(string topic, int partitions)
    {
        (await Run("topics", "create", topic, "--partitions", $"{partitions}")).Succeeded();
        for (int i = 0; i < partitions; i++)
        {
            string lines = string.Join('\n', Enumerable.Range(i * 10, 10));
            (await ChildProcess.RunAsync(RunningBroker.Executable, ["produce", topic, "--partition", $"{i}", "--bootstrap-server", fixture.Running.Bootstrap], lines)).Succeeded();
        }
    }

    private async Task<JsonElement> Json(params string[] arguments) => JsonDocument.Parse((await Run([.. arguments, "--json"])).Succeeded()).RootElement;

    private Task<CommandResult> Run(params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", fixture.Running.Bootstrap]);
}
