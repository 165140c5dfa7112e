using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tidemark.System.Tests.Processes;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.CommandLines;

/// <summary><c>tidemark produce --transactional-id</c>, and <c>tidemark consume --isolation</c>, which shows what came of it.</summary>
public sealed partial class TransactionalProduceTests(CommandLineTests.Broker fixture) : IClassFixture<CommandLineTests.Broker>
{
    [Fact]
    public async Task Each_batch_is_a_transaction_and_all_of_them_are_read()
    {
        string input = string.Concat(Enumerable.Range(0, 25).Select(i => $"{i}\n"));
        JsonElement written = JsonDocument.Parse((await Run(input, "produce", "batches", "--transactional-id", "batches", "--batch", "10", "--json")).Succeeded()).RootElement;
        Assert.Equal((25, 0, 3), (Number(written, "written"), Number(written, "failed"), Number(written, "transactions")));

        await UntilRead("batches", input, Committed);
        Assert.Equal(input, (await Run("", "consume", "batches")).Succeeded());
        Assert.Equal("", (await Run("", "consume", "batches", "--offset", "27", "--isolation", "read_committed")).Succeeded());
        Assert.Equal(28, Number(JsonDocument.Parse((await Run("", "topics", "describe", "batches", "--json")).Succeeded()).RootElement.GetProperty("partitions")[0], "nextOffset"));
    }

    [Fact]
    public async Task A_failure_aborts_what_is_open_and_keeps_what_was_committed()
    {
        CommandResult failed = await Run("a:1\nb:2\nc:3\nno key\n", "produce", "failing", "--key-separator", ":", "--transactional-id", "failing", "--batch", "2");
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("no key", failed.Error);
        (await Run("d:4\n", "produce", "failing", "--key-separator", ":")).Succeeded();

        await UntilRead("failing", "1\n2\n4\n", Committed);
        Assert.Equal("1\n2\n3\n4\n", (await Run("", "consume", "failing")).Succeeded());
        Assert.Equal("1\n2\n4\n", (await Run("", "consume", "failing", "--group", "failing", "--isolation", "read_committed")).Succeeded());
    }

    [Fact]
    public async Task Ctrl_C_aborts()
    {
        using Process producer = Start("produce", "interrupted", "--transactional-id", "interrupted");
        await producer.StandardInput.WriteLineAsync("never");
        await producer.StandardInput.FlushAsync();
        await UntilRead("interrupted", "never\n");

        Assert.Equal(0, SendSignal(producer.Id, (int)StopSignal.Interrupt));
        Assert.Equal(130, await EndAsync(producer));
        await Eventually.HoldsAsync("the partition was told of the end", Patience, async () =>
        {
            JsonElement transactions = JsonDocument.Parse((await Run("", "transactions", "list", "--json")).Succeeded()).RootElement;
            string? state = transactions.EnumerateArray().Single(t => t.GetProperty("transactionalId").GetString() == "interrupted").GetProperty("state").GetString();
            Assert.Contains(state, (string[])["PrepareAbort", "CompleteAbort"]);
            return state == "CompleteAbort";
        });
        Assert.Equal("", (await Run("", "consume", "interrupted", "--isolation", "read_committed")).Succeeded());
    }

    [Fact]
    public async Task Without_a_transaction_Ctrl_C_ends_the_input_and_what_was_written_is_told()
    {
        using Process producer = Start("produce", "ended", "--json");
        await producer.StandardInput.WriteLineAsync("kept");
        await producer.StandardInput.FlushAsync();
        await UntilRead("ended", "kept\n");

        Assert.Equal(0, SendSignal(producer.Id, (int)StopSignal.Interrupt));
        Assert.Equal(130, await EndAsync(producer));
        Assert.Equal("""{"written":1,"failed":0}""" + "\n", await producer.StandardOutput.ReadToEndAsync());
    }

    [Fact]
    public async Task Whoever_begins_with_the_same_id_fences_the_one_before()
    {
        using Process first = Start("produce", "fenced", "--transactional-id", "twice");
        await first.StandardInput.WriteLineAsync("of the first");
        await first.StandardInput.FlushAsync();
        await UntilRead("fenced", "of the first\n");

        (await Run("of the second\n", "produce", "fenced", "--transactional-id", "twice")).Succeeded();
        first.StandardInput.Close();
        string error = await first.StandardError.ReadToEndAsync();
        Assert.Equal(1, await EndAsync(first));
        Assert.Contains("twice was fenced", error);
        await UntilRead("fenced", "of the second\n", Committed);
    }

    [Theory]
    [InlineData("produce t --batch 3")]
    [InlineData("produce t --transactional-id x --acks 1")]
    [InlineData("consume t --isolation serializable")]
    public async Task What_makes_no_sense_is_refused(string command) => Assert.Equal(2, (await Run("", command.Split(' '))).ExitCode);

    /// <summary>Tests that run in the background of a shell without jobs were told to ignore SIGINT, and so is what they start; somebody at a terminal was not.</summary>
    private const string HeedsInterrupt = "--default-signal=INT";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string[] Committed = ["--isolation", "read_committed"];

    private static int Number(JsonElement of, string name) => of.GetProperty(name).GetInt32();

    private static async Task<int> EndAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return process.ExitCode;
    }

    /// <summary>
    /// Reads until what was sent is there, and never anything else: a record is in the log, with its transaction open, some time after it was given to
    /// the producer; and an end is answered when it is decided, while the partitions are told afterwards.
    /// </summary>
    private Task UntilRead(string topic, string expected, params string[] options) => Eventually.HoldsAsync($"{topic} holds what was sent", Patience, async () =>
    {
        string read = (await Run("", ["consume", topic, .. options])).Output;
        Assert.StartsWith(read, expected);
        return read == expected;
    });

    private Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("env", [HeedsInterrupt, RunningBroker.Executable, .. arguments, "--bootstrap-server", fixture.Running.Bootstrap])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private Task<CommandResult> Run(string input, params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", fixture.Running.Bootstrap], input);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
