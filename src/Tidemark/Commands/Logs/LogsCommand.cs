using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands.Logs;

/// <summary><c>tidemark logs</c>: files on the disk, without a broker.</summary>
internal static class LogsCommand
{
    public static Command Define() => new ExampledCommand(
        "logs",
        "Look into log files on the disk; no broker is asked.",
        "tidemark logs verify ./data",
        "tidemark logs dump ./data/orders-0 --records")
    {
        VerifyLogsCommand.Define(),
        DumpLogsCommand.Define(),
    };
}
