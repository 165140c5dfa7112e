using System.CommandLine;
using Microsoft.Extensions.Logging;
using Tidemark.Parsing;
using Tidemark.Server.Configuration;
using Tidemark.Server.Lifecycle;
using Tidemark.Server.Logging;

namespace Tidemark.Commands;

/// <summary><c>tidemark server</c>: one node, as its property file says, until a signal stops it.</summary>
internal sealed record ServerCommand(string ConfigFile, IReadOnlyList<string> Overrides, LogArguments Logs, bool IsSupervised)
{
    /// <summary>
    /// How <c>tidemark up</c> starts the nodes of a cluster: they leave the terminal's SIGINT to it, and stop when their standard input ends.
    /// </summary>
    private const string Supervised = "--supervised";

    public static ServerCommand? TryQuick(ReadOnlySpan<string> arguments) =>
        QuickArguments.TryRead(arguments, ["--config", "--override", .. LogArguments.Names], [Supervised]) is { } read && read.Find("--config") is { } file
            ? new ServerCommand(file, read.All("--override"), LogArguments.From(read), read.Has(Supervised))
            : null;

    public static Command Define()
    {
        var config = new Option<string>("--config", "-c") { Description = "The property file, with Kafka's names.", Required = true, HelpName = "FILE" };
        var overrides = new Option<string[]>("--override") { Description = "Replaces one property of the file; may be given again.", HelpName = "KEY=VALUE" };
        var supervised = new Option<bool>(Supervised) { Hidden = true };
        var logs = new LogOptionSet();
        var command = new ExampledCommand(
            "server",
            "Run one node in the foreground. SIGTERM and SIGINT stop it gracefully; a second one stops it at once.",
            "tidemark server --config server.properties",
            "tidemark server --config server.properties --override log.retention.hours=1 --log-level storage=debug")
        {
            config,
            overrides,
            supervised,
        };
        logs.AddTo(command);
        command.SetAction(parsed => new ServerCommand(parsed.GetRequiredValue(config), parsed.GetValue(overrides) ?? [], logs.Read(parsed), parsed.GetValue(supervised)).Run());
        return command;
    }

    public int Run() => CommandLine.Guard(() =>
    {
        using Stream output = Console.OpenStandardOutput();
        StreamLoggerFactory logs = Logs.Open(output, !Console.IsOutputRedirected, LogLevel.Information);
        NodeOptions options = NodeOptions.Read([.. PropertyFile.Read(ConfigFile).Select(p => KeyValuePair.Create(p.Key, p.Value)), .. Properties(Overrides)], out IReadOnlyList<string> warnings);
        return NodeProcess.Run(options, warnings, logs, _ => { }, IsSupervised);
    });

    /// <summary>Reads the properties of <c>--override</c>.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Properties(IEnumerable<string> overrides) =>
        KeyValueList.Read("--override", overrides).Select(pair => KeyValuePair.Create(pair.Key.Trim(), pair.Value.Trim()));
}
