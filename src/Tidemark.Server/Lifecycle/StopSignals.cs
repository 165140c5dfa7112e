using System.Runtime.InteropServices;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// SIGTERM and SIGINT. The first one asks for a graceful stop; the second ends the process at once, with the exit code that
/// shells give a process that the signal killed.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;
    private int _seen;

    /// <param name="supervised">
    /// Whether another process looks after this one. A terminal sends SIGINT to both, and the other one decides what it means: here it is
    /// ignored. When the other one is gone, standard input, which is a pipe from it, ends: that stops this process gracefully too.
    /// </param>
    public StopSignals(bool supervised = false)
    {
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => OnSignal(context, 128 + 15));
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, supervised ? static context => context.Cancel = true : context => OnSignal(context, 128 + 2));
        if (supervised)
        {
            new Thread(StopWithInput, 128 * 1024) { IsBackground = true, Name = "supervisor" }.Start();
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stopping => _stop.Token;

    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _seen) > 1)
        {
            // Straight out: an orderly exit would wait for what the second signal wants to cut short.
            Exit(exitCode);
        }

        // Off the signal's thread, so that a second signal is heard while the stop goes on.
        ThreadPool.UnsafeQueueUserWorkItem(static stop => stop.Cancel(), _stop, preferLocal: false);
    }

    private void StopWithInput()
    {
        using Stream input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[64];
        while (input.Read(ignored) > 0)
        {
            // Nothing is said here; only the end counts.
        }

        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It stops already.
        }
    }

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void Exit(int code);
}
