using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tidemark.Commands.LocalClusters;

/// <summary>
/// One node as a process below this one. Its output goes to its log file. Its standard input is a pipe that nobody writes to: when this
/// process ends in whatever way the pipe does too, and the node stops.
/// </summary>
internal sealed class LocalNode(int id, string configuration, string log, IReadOnlyList<string> logArguments) : IDisposable
{
    private const int SignalTerminate = 15;
    private readonly Lock _writing = new();
    private Process? _process;
    private long _began;

    public int Id => id;

    public string Log => log;

    /// <summary>Completes when the process has ended and all that it said is in its log.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    public bool IsRunning => _process is { HasExited: false };

    public int ExitCode => _process!.ExitCode;

    /// <summary>How long the process has been there, or was.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_began);

    /// <summary>The last line that it wrote to standard error, where commands say why they fail.</summary>
    public string? LastWords { get; private set; }

    /// <summary>What somebody types to start it again.</summary>
    public string Command => $"{(File.Exists("tidemark") ? "./tidemark" : "tidemark")} server --config {(configuration.Contains(' ') ? $"'{configuration}'" : configuration)}";

    /// <exception cref="IOException">The log cannot be written, or there is no process to be had.</exception>
    public void Start()
    {
        _process?.Dispose();
        LastWords = null;
        _began = Stopwatch.GetTimestamp();
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["server", "--config", configuration, "--supervised", .. logArguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var output = new StreamWriter(new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        try
        {
            _process = Process.Start(start) ?? throw new IOException($"node {id} could not be started");
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or IOException)
        {
            output.Dispose();
            throw new IOException($"node {id} could not be started: {failure.Message}", failure);
        }

        Ended = EndAsync(_process, output);
    }

    /// <summary>Asks it to stop gracefully.</summary>
    public void Terminate()
    {
        if (IsRunning)
        {
            _ = SendSignal(_process!.Id, SignalTerminate);
        }
    }

    public void Kill()
    {
        if (IsRunning)
        {
            _process!.Kill();
        }
    }

    public void Dispose() => _process?.Dispose();

    private async Task EndAsync(Process process, StreamWriter output)
    {
        await using (output)
        {
            await Task.WhenAll(CopyAsync(process.StandardOutput, output, keepLast: false), CopyAsync(process.StandardError, output, keepLast: true));
            await process.WaitForExitAsync();
        }
    }

    private async Task CopyAsync(StreamReader from, StreamWriter to, bool keepLast)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            LastWords = keepLast && line.Length > 0 ? line : LastWords;
            lock (_writing)
            {
                to.WriteLine(line);
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int process, int signal);
}
