using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tidemark.System.Tests.Processes;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.CommandLines;

/// <summary>What somebody reads who asks for what cannot be.</summary>
public sealed class WrongUsageTests(CommandLineTests.Broker fixture) : IClassFixture<CommandLineTests.Broker>
{
    [Theory]
    [InlineData("--partition abc: a whole number from 0 is allowed", "consume", "x", "--partition", "abc")]
    [InlineData("--offset -5: a whole number from 0 is allowed", "consume", "x", "--offset=-5")]
    [InlineData("--max 0: a whole number from 1 is allowed", "consume", "x", "--max", "0")]
    [InlineData("--since 99999999999999999: a time such as", "consume", "x", "--since", "99999999999999999")]
    [InlineData("--timeout soon: a number from 0.1 to 86400 is allowed", "topics", "list", "--timeout", "soon")]
    [InlineData("--before -1: a whole number from 0 is allowed", "topics", "delete-records", "x", "--before=-1")]
    [InlineData("--partitions 0: a whole number from 1 is allowed", "topics", "create", "x", "--partitions", "0")]
    [InlineData("--config nonsense: key=value is allowed", "topics", "create", "x", "--config", "nonsense")]
    [InlineData("--rate 0: a number from 0.001 is allowed", "produce", "x", "--rate", "0")]
    [InlineData("--size -1: a whole number from 0 to 104857600 is allowed", "perf", "produce", "x", "--size=-1")]
    [InlineData("--port 70000: a whole number from 1 to 65535 is allowed", "up", "--port", "70000")]
    [InlineData("--data : the name of a directory is needed", "up", "--data", "")]
    [InlineData("--codec lzma: none, gzip, snappy, lz4 or zstd is allowed", "produce", "x", "--codec", "lzma")]
    [InlineData("--state Foo: Stable, Empty, PreparingRebalance, ", "groups", "list", "--state", "Foo")]
    [InlineData("--shift-by much: a whole number from -", "groups", "reset-offsets", "x", "--topic", "y", "--shift-by", "much")]
    [InlineData("--from-file nowhere: Could not find file", "groups", "reset-offsets", "x", "--from-file", "nowhere")]
    [InlineData("--broker one: the number of a broker is allowed", "configs", "describe", "--broker", "one")]
    [InlineData("NODE x: a whole number from 0 is allowed", "quorum", "remove-voter", "x")]
    [InlineData("tidemark: elect clean: preferred or unclean is allowed\n", "elect", "clean", "--bootstrap-server", "x")]
    [InlineData("tidemark: configs: describe, alter or list is needed\n", "configs")]
    public async Task What_is_allowed_is_said_and_nothing_is_done(string said, params string[] arguments)
    {
        CommandResult result = await ChildProcess.RunAsync(RunningBroker.Executable, arguments);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(said, result.Error);
        Assert.Equal("", result.Output);
    }

    [Theory]
    [InlineData("consume", "one", "--partition", "9")]
    [InlineData("consume", "one", "--partition", "9", "--offset", "1")]
    [InlineData("consume", "one", "--partition", "9", "--tail", "1")]
    [InlineData("produce", "one", "--partition", "9")]
    [InlineData("topics", "delete-records", "one", "--all", "--partition", "9")]
    public async Task A_partition_that_is_not_there_is_named_at_once(params string[] arguments)
    {
        (await Run("first\n", "produce", "one")).Succeeded();
        CommandResult result = await Run("record\n", arguments);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Partition one-9: UNKNOWN_TOPIC_OR_PARTITION (the topic has 1 partitions)", result.Error);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_no_broker_that_is_down()
    {
        CommandResult result = await Run("", "configs", "describe", "--broker", "99");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Broker 99: BROKER_ID_NOT_REGISTERED", result.Error);
    }

    [Fact]
    public async Task Something_that_never_answers_is_waited_for_as_long_as_was_said()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        long began = Stopwatch.GetTimestamp();
        CommandResult result = await ChildProcess.RunAsync(RunningBroker.Executable, ["topics", "list", "--timeout", "1", "-b", silent.LocalEndpoint.ToString()!]);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("did not answer ApiVersions within 1 s", result.Error);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(25));
    }

    [Theory]
    [InlineData("A string of 40000 bytes: the protocol allows 32767.", "consume", "never", "--group", "LONG")]
    [InlineData("99999999 s is longer than the brokers' transaction.max.timeout.ms allows", "produce", "never", "--transactional-id", "x", "--transaction-timeout", "99999999")]
    [InlineData("controller.quorum.voters fixes the voters of this cluster", "quorum", "remove-voter", "1")]
    [InlineData("never-0 ends at 0, no later offset is allowed; nothing was deleted", "topics", "delete-records", "never", "--before", "9")]
    public async Task What_the_cluster_would_not_take_is_one_line_that_says_why(string said, params string[] arguments)
    {
        await Run("", "topics", "create", "never");
        CommandResult result = await Run("", [.. arguments.Select(argument => argument == "LONG" ? new string('g', 40_000) : argument)]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(said, result.Error);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    private Task<CommandResult> Run(string input, params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", fixture.Running.Bootstrap], input);
}
