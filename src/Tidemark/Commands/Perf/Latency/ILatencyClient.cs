namespace Tidemark.Commands.Perf.Latency;

/// <summary>A producer and a consumer of one topic, connected, and the consumer at its end.</summary>
internal interface ILatencyClient : IAsyncDisposable
{
    /// <summary>Writes the run's records, each in its turn and with acks=all, and notes when they come back.</summary>
    /// <exception cref="TimeoutException">Not all had come back when the command's time-out was over after the last was written.</exception>
    Task RunAsync(LatencyRun run);
}
