using System.Runtime.InteropServices;

namespace Tidemark.System.Tests.Running;

/// <summary>What a service manager or a person at a terminal asks of the process.</summary>
public enum StopSignal
{
    /// <summary>SIGINT, which Ctrl+C sends.</summary>
    Interrupt = 2,

    /// <summary>SIGTERM, which service managers send.</summary>
    Terminate = 15,
}

/// <content>Signals, and how the process ends.</content>
public sealed partial class RunningBroker
{
    /// <summary>Sends a signal and waits for nothing.</summary>
    public void Send(StopSignal signal)
    {
        string children = $"/proc/{_process!.Id}/task/{_process.Id}/children";
        string? child = IsKafka ? File.ReadAllText(children).Split(' ').FirstOrDefault(id => id.Length > 0) : null;
        Assert.Equal(0, SendSignal(child == null ? _process.Id : int.Parse(child), (int)signal));
    }

    /// <summary>SIGTERM, and the exit code once the process has ended.</summary>
    public Task<int> StopAsync(TimeSpan within)
    {
        Send(StopSignal.Terminate);
        return EndAsync(within);
    }

    /// <summary>The exit code of a process that ends by itself.</summary>
    public async Task<int> EndAsync(TimeSpan within)
    {
        using CancellationTokenSource deadline = new(within);
        try
        {
            await _process!.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the process did not end within {within.TotalSeconds} s: {Output}");
        }

        return _process.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
