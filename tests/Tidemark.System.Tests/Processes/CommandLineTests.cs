using System.Buffers.Binary;
using System.Text.Json;
using Tidemark.Records;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Processes;

/// <summary>The client commands against a running broker.</summary>
public sealed class CommandLineTests(CommandLineTests.Broker fixture) : IClassFixture<CommandLineTests.Broker>
{
    [Fact]
    public async Task What_produce_writes_consume_prints()
    {
        (await Run("a:1\nb:2\nc:\n", "produce", "lines", "--key-separator", ":", "--header", "h=x", "--codec", "gzip", "--null-values")).Succeeded();
        Assert.Equal("a\t1\nb\t2\nc\t\n", (await Run("", "consume", "lines", "--key")).Succeeded());
        string[] json = (await Run("", "consume", "lines", "--json", "--offset", "1")).Succeeded().TrimEnd().Split('\n');
        JsonElement last = JsonDocument.Parse(json[1]).RootElement;
        Assert.Equal(2, last.GetProperty("offset").GetInt64());
        Assert.Equal("c", last.GetProperty("key").GetString());
        Assert.Equal(JsonValueKind.Null, last.GetProperty("value").ValueKind);
        Assert.Equal("h", last.GetProperty("headers")[0].GetProperty("key").GetString());
        Assert.Equal("2\n", (await Run("", "consume", "lines", "--offset", "1", "--max", "1")).Succeeded());
        Assert.Equal("\n", (await Run("", "consume", "lines", "--tail", "1")).Succeeded());
        Assert.Equal("", (await Run("", "consume", "lines", "--since", "2100-01-01T00:00:00Z")).Succeeded());
    }

    [Fact]
    public async Task A_topic_goes_through_its_life()
    {
        (await Run("", "topics", "create", "life", "--partitions", "2", "--config", "retention.ms=60000")).Succeeded();
        CommandResult again = await Run("", "topics", "create", "life");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("TOPIC_ALREADY_EXISTS", again.Error);

        (await Run("", "topics", "add-partitions", "life", "--to", "3")).Succeeded();
        (await Run("", "topics", "alter", "life", "--set", "max.message.bytes=2000", "--unset", "retention.ms")).Succeeded();
        (await Run("one\ntwo\n", "produce", "life", "--partition", "2")).Succeeded();
        (await Run("", "topics", "delete-records", "life", "--partition", "2", "--before", "1")).Succeeded();
        JsonElement topic = JsonDocument.Parse((await Run("", "topics", "describe", "life", "--json")).Succeeded()).RootElement;
        Assert.Equal(3, topic.GetProperty("partitions").GetArrayLength());
        Assert.Equal(1, topic.GetProperty("partitions")[2].GetProperty("firstOffset").GetInt64());
        Assert.Equal(2, topic.GetProperty("partitions")[2].GetProperty("nextOffset").GetInt64());
        Assert.Equal("2000", topic.GetProperty("configs").GetProperty("max.message.bytes").GetString());
        Assert.False(topic.GetProperty("configs").TryGetProperty("retention.ms", out _));
        Assert.Contains("life", (await Run("", "topics", "list")).Succeeded());

        (await Run("", "topics", "delete", "life")).Succeeded();
        Assert.Equal(1, (await Run("", "topics", "describe", "life")).ExitCode);
    }

    [Fact]
    public async Task Configurations_are_shown_and_changed()
    {
        (await Run("", "configs", "alter", "--broker-defaults", "--set", "log.cleaner.threads=2")).Succeeded();
        Assert.Contains("log.cleaner.threads", (await Run("", "configs", "describe", "--broker-defaults")).Succeeded());
        CommandResult bad = await Run("", "configs", "alter", "--broker-defaults", "--set", "log.cleaner.threads=many");
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains("many", bad.Error);
        Assert.Equal(2, (await Run("", "configs", "describe")).ExitCode);
    }

    [Fact]
    public async Task Json_is_json_everywhere()
    {
        (await Run("x\n", "produce", "json")).Succeeded();
        foreach (string command in new[] { "topics list", "topics describe json", "configs list", "configs describe --topic json --all", "cluster describe", "cluster features", "cluster quorum", "cluster log-dirs", "perf consume json" })
        {
            string text = (await Run("", [.. command.Split(' '), "--json"])).Succeeded();
            using JsonDocument parsed = JsonDocument.Parse(text);
            Assert.NotEqual(JsonValueKind.Undefined, parsed.RootElement.ValueKind);
        }
    }

    [Fact]
    public async Task Logs_are_checked_and_damage_is_found()
    {
        (await Run(string.Join('\n', Enumerable.Range(0, 1000)), "produce", "checked", "--codec", "lz4")).Succeeded();
        string segment = Path.Combine(fixture.Running.Data, "checked-0", "00000000000000000000.log");
        Assert.Contains("checked-0", (await ChildProcess.RunAsync(RunningBroker.Executable, ["logs", "verify", Path.GetDirectoryName(segment)!])).Succeeded());
        Assert.Contains("offsets 0-", (await ChildProcess.RunAsync(RunningBroker.Executable, ["logs", "dump", segment])).Succeeded());

        string copy = Directory.CreateTempSubdirectory("tidemark-damaged-").FullName;
        byte[] bytes = await File.ReadAllBytesAsync(segment);
        bytes[80] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(copy, Path.GetFileName(segment)), bytes);
        CommandResult damaged = await ChildProcess.RunAsync(RunningBroker.Executable, ["logs", "verify", copy]);
        Directory.Delete(copy, recursive: true);
        Assert.Equal(4, damaged.ExitCode);
        Assert.Contains("checksum", damaged.Error);
    }

    [Theory]
    [InlineData()]
    [InlineData("--json")]
    public async Task A_batch_whose_checksum_is_right_and_whose_records_are_not_is_told_of(params string[] options)
    {
        using var builder = new RecordBatchBuilder(RecordBatchOptions.Default);
        builder.Append(0, default, "readable"u8);
        builder.Append(1, default, "cut"u8);
        byte[] bytes = builder.Build().ToArray();
        bytes[^10] = 60;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), RecordBatchHeader.ComputeCrc(bytes));
        string segment = Path.GetTempFileName();
        await File.WriteAllBytesAsync(segment, bytes);
        CommandResult dumped = await ChildProcess.RunAsync(RunningBroker.Executable, ["logs", "dump", segment, "--records", .. options]);
        File.Delete(segment);

        Assert.Equal(4, dumped.ExitCode);
        Assert.Contains("readable", dumped.Output);
        Assert.Contains("cannot be read", dumped.Error);
    }

    [Fact]
    public async Task Exit_codes_tell_what_went_wrong()
    {
        Assert.Equal(2, (await ChildProcess.RunAsync(RunningBroker.Executable, ["nonsense"])).ExitCode);
        Assert.Equal(2, (await Run("", "consume", "x", "--tail", "1", "--offset", "3")).ExitCode);
        Assert.Equal(1, (await Run("", "consume", "nothing-of-that-name")).ExitCode);
        Assert.Equal(3, (await ChildProcess.RunAsync(RunningBroker.Executable, ["topics", "list", "-b", "127.0.0.1:1"])).ExitCode);
    }

    [Fact]
    public async Task Shells_are_taught_to_complete()
    {
        Assert.Contains("complete ", (await ChildProcess.RunAsync(RunningBroker.Executable, ["completion", "bash"])).Succeeded());
        Assert.Contains("topics", (await ChildProcess.RunAsync(RunningBroker.Executable, ["[suggest:12]", "tidemark top"])).Succeeded());
    }

    private Task<CommandResult> Run(string input, params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", fixture.Running.Bootstrap], input);

    /// <summary>One broker for all tests of the class.</summary>
    public sealed class Broker : IAsyncLifetime
    {
        public RunningBroker Running { get; private set; } = null!;

        public async Task InitializeAsync() => Running = await RunningBroker.StartAsync();

        public async Task DisposeAsync() => await Running.DisposeAsync();
    }
}
