using System.Runtime.InteropServices;
using Tidemark.Chaos;

ChaosOptions? options = ChaosOptions.Parse(args);
if (options is null)
{
    Console.Error.WriteLine(ChaosOptions.Usage);
    return args is ["--help" or "-h"] ? 0 : 2;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    // The first signal ends the run in order, with all its checks; processes and mounts must not be left behind.
    context.Cancel = true;
    stop.Cancel();
}

using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await ChaosRun.RunAsync(options, Console.WriteLine, stop.Token) ? 0 : 1;
