using System.Diagnostics;
using System.Text;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clients;

/// <summary>A tool of Kafka's in a process of its own, which runs until it is stopped.</summary>
public sealed class RunningTool : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private RunningTool(ProcessStartInfo start)
    {
        _process = Process.Start(start) ?? throw new InvalidOperationException("no process");
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it printed so far, on both streams.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static RunningTool Start(string tool, params string[] arguments)
    {
        ProcessStartInfo start = new(KafkaLauncher.Path!, [tool, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";
        return new RunningTool(start);
    }

    /// <summary>Waits until it has printed this.</summary>
    public Task PrintsAsync(string text) => PrintsAsync(text, output => output.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until what it printed is as it should be.</summary>
    public Task PrintsAsync(string what, Func<string, bool> condition) => Eventually.HoldsAsync($"the tool prints {what}", s_patience, () =>
    {
        string output = Output;
        bool holds = condition(output);
        Assert.True(holds || !_process.HasExited, $"it ended: {output}");
        return holds;
    });

    /// <summary>SIGTERM to the tool, which is the launcher's child; completes when it has ended.</summary>
    public async Task StopAsync()
    {
        string children = await File.ReadAllTextAsync($"/proc/{_process.Id}/task/{_process.Id}/children");
        RunningCluster.Signal(int.Parse(children.Split(' ')[0]), RunningCluster.SignalTerminate);
        using CancellationTokenSource deadline = new(s_patience);
        await _process.WaitForExitAsync(deadline.Token);
    }

    public ValueTask DisposeAsync()
    {
        _process.End();
        return ValueTask.CompletedTask;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.Append(line.Data).Append('\n');
        }
    }
}
