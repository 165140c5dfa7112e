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

    public StopSignals()
    {
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => OnSignal(context, 128 + 15));
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => OnSignal(context, 128 + 2));
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

    [DllImport("libc", EntryPoint = "_exit")]
    private static extern void Exit(int code);
}
