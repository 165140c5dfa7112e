using System.CommandLine;

namespace Tidemark.Commands.Logs;

/// <summary><c>tidemark logs</c>: files on the disk, without a broker.</summary>
internal static class LogsCommand
{
    public static Command Define() => new("logs", "Look into log files on the disk; no broker is asked.") { VerifyLogsCommand.Define(), DumpLogsCommand.Define() };
}
