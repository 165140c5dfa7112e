using System.Text.Json;
using Tidemark.System.Tests.Processes;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.CommandLines;

/// <summary>The commands that measure: what they print and how they end, never how fast a machine is.</summary>
public sealed class PerfCommandTests(CommandLineTests.Broker fixture) : IClassFixture<CommandLineTests.Broker>
{
    private static readonly string[] s_latencies = ["meanMs", "p50Ms", "p95Ms", "p99Ms", "p999Ms", "maxMs"];

    [Fact]
    public async Task What_is_written_is_read_and_both_are_counted()
    {
        JsonElement written = await Json("perf", "produce", "measured", "--records", "3000", "--size", "100", "--codec", "lz4", "--acks", "all");
        Assert.Equal(3000, written.GetProperty("records").GetInt64());
        Assert.All(["seconds", "recordsPerSecond", "megabytesPerSecond", .. s_latencies], name => Assert.True(written.GetProperty(name).GetDouble() >= 0, name));
        Assert.True(written.GetProperty("p50Ms").GetDouble() <= written.GetProperty("maxMs").GetDouble());

        JsonElement read = await Json("perf", "consume", "measured");
        Assert.Equal(3000, read.GetProperty("records").GetInt64());
        Assert.False(read.TryGetProperty("p50Ms", out _));
        Assert.Equal(3000, (await Json("perf", "consume", "measured", "--batches-only")).GetProperty("records").GetInt64());
        Assert.InRange((await Json("perf", "consume", "measured", "--records", "10")).GetProperty("records").GetInt64(), 10, 3000);

        string[] table = (await Run("perf", "consume", "measured")).Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^FIGURE +VALUE *$", table[0]);
        Assert.Contains(table, line => line.StartsWith("records", StringComparison.Ordinal) && line.TrimEnd().EndsWith(" 3,000", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Latencies_are_measured_of_every_record()
    {
        JsonElement measured = await Json("perf", "latency", "delayed", "--rate", "100", "--seconds", "0.5");
        Assert.Equal(50, measured.GetProperty("records").GetInt64());
        Assert.All(s_latencies, name => Assert.True(measured.GetProperty(name).GetDouble() >= 0, name));
        Assert.Contains("p999Ms", (await Run("perf", "latency", "delayed", "--rate", "100", "--seconds", "0.1")).Succeeded());
    }

    [Fact]
    public async Task A_client_that_polls_its_sockets_writes_and_measures_every_record()
    {
        (await Run("topics", "create", "polled", "--partitions", "3")).Succeeded();
        JsonElement measured = await Json("perf", "latency", "polled", "--rate", "100", "--seconds", "0.5", "--busy-poll");
        Assert.Equal(50, measured.GetProperty("records").GetInt64());
        Assert.All(s_latencies, name => Assert.True(measured.GetProperty(name).GetDouble() > 0, name));
        Assert.Equal(50, (await Json("perf", "consume", "polled")).GetProperty("records").GetInt64());

        // What an earlier run left is not counted again, a record may be larger than what one look at the socket takes, and the topic may be made on the way.
        Assert.Equal(10, (await Json("perf", "latency", "polled", "--rate", "100", "--seconds", "0.1", "--size", "300000", "--busy-poll")).GetProperty("records").GetInt64());
        Assert.Contains("p999Ms", (await Run("perf", "latency", "polled-anew", "--rate", "100", "--seconds", "0.1", "--busy-poll")).Succeeded());
    }

    [Theory]
    [InlineData("perf consume never-was", 1, "tidemark: Topic never-was: UNKNOWN_TOPIC_OR_PARTITION\n")]
    [InlineData("perf produce measured --records 0", 2, null)]
    [InlineData("perf latency measured --size 7", 2, null)]
    [InlineData("perf latency measured --busy-poll --size 7", 2, null)]
    [InlineData("perf latency measured --busy-poll often", 2, null)]
    [InlineData("perf latency refused --busy-poll --size 1048576", 1, "tidemark: Writing to refused-0: MESSAGE_TOO_LARGE (the batch has ")]
    [InlineData("perf produce refused --records 10 --size 2000000 --batch-size 4000000", 1, "tidemark: Writing to refused-0: MESSAGE_TOO_LARGE (the batch has ")]
    public async Task What_cannot_be_measured_says_so(string command, int exitCode, string? error)
    {
        CommandResult result = await Run(command.Split(' '));
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith(error ?? "tidemark: ", result.Error);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.StartsWith("tidemark: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("produce")]
    [InlineData("consume")]
    [InlineData("latency")]
    public async Task Help_says_what_there_is_to_choose(string command)
    {
        string help = (await Run("perf", command, "--help")).Succeeded();
        Assert.Contains($"tidemark perf {command}", help[help.IndexOf("Examples:", StringComparison.Ordinal)..]);
        Assert.Contains("--bootstrap-server", help);
        Assert.Contains("--json", help);
    }

    private async Task<JsonElement> Json(params string[] arguments) => JsonDocument.Parse((await Run([.. arguments, "--json"])).Succeeded()).RootElement;

    private Task<CommandResult> Run(params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", fixture.Running.Bootstrap]);
}
