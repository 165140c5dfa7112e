using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands.Perf;

/// <summary><c>tidemark perf</c>: how fast a cluster takes, gives and answers.</summary>
internal static class PerfCommand
{
    public static Command Define() => new ExampledCommand(
        "perf",
        "Measure a cluster.",
        "tidemark perf produce load --records 1000000 --size 100",
        "tidemark perf consume load",
        "tidemark perf latency load --rate 500")
    {
        PerfProduceCommand.Define(),
        PerfConsumeCommand.Define(),
        PerfLatencyCommand.Define(),
    };
}
