using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Tidemark.Chaos.Networks;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Running;

/// <summary>A cluster as <c>tidemark up --brokers N</c> runs it, with its directory, which is removed in the end.</summary>
public sealed partial class RunningCluster : IAsyncDisposable
{
    public const int SignalInterrupt = 2;
    public const int SignalTerminate = 15;
    private static readonly TimeSpan StartTimeMax = TimeSpan.FromSeconds(150);
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Process _process;

    private RunningCluster(string home, int port, int brokers, string[] arguments)
    {
        Home = home;
        Port = port;

        // Tests that run in the background of a shell inherit that SIGINT is ignored.
        ProcessStartInfo start = new("env", ["--default-signal=INT", RunningBroker.Executable, "up", "--brokers", $"{brokers}", "--data", Data, "--port", $"{port}", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException("no process");
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Home { get; }

    public int Port { get; }

    public string Data => Path.Combine(Home, "data");

    public string Bootstrap => $"127.0.0.1:{Port},127.0.0.1:{Port + 1}";

    public string Output => Text(_output);

    public string Errors => Text(_errors);

    public bool IsRunning => !_process.HasExited;

    public static async Task<RunningCluster> StartAsync(int brokers, params string[] arguments)
    {
        var cluster = new RunningCluster(Directory.CreateTempSubdirectory("tidemark-cluster-").FullName, LoopbackPorts.Take(brokers + 3), brokers, arguments);
        try
        {
            await Eventually.HoldsAsync("the cluster is ready", StartTimeMax, () =>
            {
                Assert.True(cluster.IsRunning, $"it ended: {cluster.Errors}");
                return Task.FromResult(cluster.Output.Length > 0);
            });
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a client command against the cluster.</summary>
    public Task<CommandResult> RunAsync(string input, params string[] arguments) =>
        ChildProcess.RunAsync(RunningBroker.Executable, [.. arguments, "--bootstrap-server", Bootstrap], input);

    /// <summary>The processes of the nodes, by the directory that stands in their command line.</summary>
    public int? ProcessOf(int node)
    {
        string configuration = Path.Combine(Data, $"node{node}", "server.properties");
        return Children().Where(child => TextOrNothing($"/proc/{child}/cmdline").Split('\0').Contains(configuration)).Select(child => (int?)int.Parse(child)).FirstOrDefault();
    }

    public static void Signal(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    public void Signal(int signal) => Signal(_process.Id, signal);

    /// <summary>The exit code, once it has ended.</summary>
    public async Task<int> EndAsync(TimeSpan within)
    {
        using CancellationTokenSource deadline = new(within);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        _process.End();
        await HomeDirectory.RemoveAsync(Home);
    }

    /// <summary>The children of all its threads, of which some come and go.</summary>
    private IEnumerable<string> Children() =>
        Directory.GetDirectories($"/proc/{_process.Id}/task").SelectMany(thread => TextOrNothing(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct();

    /// <summary>What the system tells of a thread or a process; nothing of one that has ended meanwhile.</summary>
    private static string TextOrNothing(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    private static void Keep(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.Append(line is null ? "" : line + "\n");
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
