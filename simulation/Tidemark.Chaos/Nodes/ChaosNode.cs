using System.Diagnostics;
using System.Runtime.InteropServices;
using Tidemark.Chaos.Networks;

namespace Tidemark.Chaos.Nodes;

/// <summary>One node: its property file, its directories and, while it runs, its process.</summary>
internal sealed partial class ChaosNode(int id, string home, string program, INodeNetwork network, SmallDisk? disk)
{
    private const int Sigkill = 9;
    private const int Sigterm = 15;
    private const int Sigcont = 18;
    private const int Sigstop = 19;
    private static readonly TimeSpan EndTimeMax = TimeSpan.FromSeconds(120);
    private Process? _process;

    public int Id => id;

    public string Home => home;

    public SmallDisk? Disk => disk;

    public int? ProcessId => _process is { HasExited: false } process ? process.Id : null;

    /// <summary>How long the machine has worked for its process; zero once that has ended.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            try
            {
                _process?.Refresh();
                return _process is { HasExited: false } process ? process.TotalProcessorTime : TimeSpan.Zero;
            }
            catch (InvalidOperationException)
            {
                // It ended just now.
                return TimeSpan.Zero;
            }
        }
    }

    /// <summary>Whether it is meant to run: a node that ends although nobody ended it has failed.</summary>
    public bool IsWanted { get; private set; }

    public bool IsFrozen { get; private set; }

    public string? UnexpectedEnd => IsWanted && _process is { HasExited: true } ended ? $"node {id} ended by itself with exit code {ended.ExitCode}: {Path.Combine(home, "output")} says why" : null;

    /// <summary>Where it keeps logs; the second directory stands on a disk of its own where there is one.</summary>
    public IReadOnlyList<string> LogDirectories => [Path.Combine(home, "data"), disk?.Logs ?? Path.Combine(home, "more")];

    private string Configuration => Path.Combine(home, "server.properties");

    public async Task FormatAsync(string clusterId, IReadOnlyList<string> properties)
    {
        Directory.CreateDirectory(home);
        NodeEndpoints ends = network.Of(id);
        await File.WriteAllLinesAsync(Configuration,
        [
            "process.roles=broker,controller", $"node.id={id}", $"listeners=PLAINTEXT://{ends.Broker},CONTROLLER://{ends.Controller}",
            $"advertised.listeners=PLAINTEXT://{ends.AdvertisedBroker},CONTROLLER://{ends.AdvertisedController}", "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            $"log.dirs={string.Join(',', LogDirectories)}", $"metadata.log.dir={LogDirectories[0]}", .. properties,
        ]);
        await ShellCommand.RunAsync(program, "format", "--cluster-id", clusterId, "--config", Configuration);
    }

    public void Start()
    {
        (string file, IReadOnlyList<string> arguments) = network.Launch(id, program, ["server", "--config", Configuration]);
        ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process?.Dispose();
        _process = Process.Start(start) ?? throw new InvalidOperationException($"node {id} cannot be started");
        _ = KeepAsync(_process.StandardOutput);
        _ = KeepAsync(_process.StandardError);
        IsWanted = true;
        IsFrozen = false;
    }

    public async Task KillAsync()
    {
        IsWanted = false;
        await EndAsync(Sigkill);
    }

    /// <summary>Asks it to stop and waits until it has.</summary>
    /// <exception cref="TimeoutException">It goes on running.</exception>
    public async Task StopAsync()
    {
        IsWanted = false;
        await EndAsync(Sigterm);
    }

    public void Freeze()
    {
        Signal(Sigstop);
        IsFrozen = true;
    }

    public void GoOn()
    {
        Signal(Sigcont);
        IsFrozen = false;
    }

    private async Task EndAsync(int signal)
    {
        if (_process is not { HasExited: false } process)
        {
            return;
        }

        Signal(signal);
        using var limit = new CancellationTokenSource(EndTimeMax);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"node {id} still runs {EndTimeMax.TotalSeconds} s after signal {signal}");
        }
    }

    private void Signal(int signal)
    {
        if (ProcessId is { } pid)
        {
            _ = Kill(pid, signal);
        }
    }

    private async Task KeepAsync(StreamReader from)
    {
        string path = Path.Combine(home, "output");
        while (await from.ReadLineAsync() is { } line)
        {
            lock (this)
            {
                File.AppendAllText(path, line + "\n");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
