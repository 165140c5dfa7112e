using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Tidemark.Metadata.Image;
using Tidemark.Parsing;
using Tidemark.Server.Configuration;
using Tidemark.Server.Lifecycle;
using Tidemark.Server.Logging;
using Tidemark.Storage.Files;

namespace Tidemark.Commands;

/// <summary>
/// <c>tidemark up</c>: one broker for this machine, without a configuration file; its directory is formatted on first use. Only one
/// line is printed when it is ready, so logs show warnings unless more is asked for.
/// </summary>
internal sealed record UpCommand(string Data, int Port, string Host, IReadOnlyList<string> Overrides, LogArguments Logs)
{
    private const string DataDefault = "./data";
    private const int PortDefault = 9092;
    private const string HostDefault = "127.0.0.1";

    public static UpCommand? TryQuick(ReadOnlySpan<string> arguments)
    {
        if (QuickArguments.TryRead(arguments, ["--data", "--port", "--host", "--override", .. LogArguments.Names], []) is not { } read)
        {
            return null;
        }

        int port = PortDefault;
        return read.Find("--port") is { } text && !TryPort(text, out port)
            ? null
            : new UpCommand(read.Find("--data") ?? DataDefault, port, read.Find("--host") ?? HostDefault, read.All("--override"), LogArguments.From(read));
    }

    public static Command Define()
    {
        var data = new Option<string>("--data") { Description = "Where the data lies; made and formatted on first use.", HelpName = "DIRECTORY", DefaultValueFactory = _ => DataDefault };
        var port = new Option<int>("--port") { Description = "Where clients connect.", HelpName = "PORT", DefaultValueFactory = _ => PortDefault }.Between(1, ushort.MaxValue);
        var host = new Option<string>("--host") { Description = "The address to listen on, which clients are told too.", HelpName = "ADDRESS", DefaultValueFactory = _ => HostDefault };
        var overrides = new Option<string[]>("--override") { Description = "Sets one of the server's properties; may be given again.", HelpName = "KEY=VALUE" };
        var logs = new LogOptionSet();
        var command = new ExampledCommand(
            "up",
            "Run one broker on this machine. Ctrl-C stops it.",
            "tidemark up",
            "tidemark up --data /var/lib/tidemark --port 19092 --override auto.create.topics.enable=false")
        {
            data,
            port,
            host,
            overrides,
        };
        logs.AddTo(command);
        command.SetAction(parsed => new UpCommand(
            parsed.GetRequiredValue(data),
            parsed.GetRequiredValue(port),
            parsed.GetRequiredValue(host),
            parsed.GetValue(overrides) ?? [],
            logs.Read(parsed)).Run());
        return command;
    }

    public int Run() => CommandLine.Guard(() =>
    {
        string directory = Path.GetFullPath(Data);
        using Stream output = Console.OpenStandardError();
        StreamLoggerFactory logs = Logs.Open(output, !Console.IsErrorRedirected, LogLevel.Warning);
        NodeOptions options = NodeOptions.Read([.. Defaults(directory), .. ServerCommand.Properties(Overrides)], out IReadOnlyList<string> warnings);
        if (!File.Exists(Path.Combine(options.MetadataDirectory, "meta.properties")))
        {
            NodeDirectories.Format(new SystemDisk(), options, NodeDirectories.RandomId().ToString(), MetadataVersion.Latest, new Dictionary<string, short>(), null, ignoreFormatted: true);
        }

        return NodeProcess.Run(options, warnings, logs, node => SayReady(node, directory));
    });

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= ushort.MaxValue;

    private Dictionary<string, string> Defaults(string directory)
    {
        string host = Host.Contains(':') ? $"[{Host}]" : Host;
        return new Dictionary<string, string>
        {
            ["process.roles"] = "broker,controller",
            ["node.id"] = "1",

            // Nobody but this process speaks to its controller, so any free port will do.
            ["listeners"] = $"PLAINTEXT://{host}:{Port},CONTROLLER://127.0.0.1:0",
            ["controller.listener.names"] = "CONTROLLER",
            ["controller.quorum.voters"] = "1@127.0.0.1:0",
            ["log.dirs"] = directory,
            ["offsets.topic.replication.factor"] = "1",
            ["transaction.state.log.replication.factor"] = "1",
            ["transaction.state.log.min.isr"] = "1",
            ["share.coordinator.state.topic.replication.factor"] = "1",
            ["share.coordinator.state.topic.min.isr"] = "1",
            ["group.initial.rebalance.delay.ms"] = "0",
        };
    }

    private void SayReady(Node node, string directory)
    {
        Listener listener = node.Advertised[0];
        string program = File.Exists("tidemark") ? "./tidemark" : "tidemark";
        string at = listener is { Host: HostDefault, Port: PortDefault } ? "" : $" -b {listener.Host}:{listener.Port}";
        using Stream output = Console.OpenStandardOutput();
        output.Write(System.Text.Encoding.UTF8.GetBytes(
            $"Tidemark is ready at {listener.Host}:{listener.Port}, data in {directory}. Try: echo hello | {program} produce{at} first  and then: {program} consume{at} first\n"));
    }
}
