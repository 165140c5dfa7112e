using System.CommandLine;

namespace Tidemark.Commands.Perf;

/// <summary><c>tidemark perf</c>: how fast a cluster takes, gives and answers.</summary>
internal static class PerfCommand
{
    public static Command Define() => new("perf", "Measure a cluster.") { PerfProduceCommand.Define(), PerfConsumeCommand.Define(), PerfLatencyCommand.Define() };
}
