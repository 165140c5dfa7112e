using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Tidemark.Commands.LocalClusters;
using Tidemark.Metadata.Image;
using Tidemark.Parsing;
using Tidemark.Server.Configuration;
using Tidemark.Server.Lifecycle;
using Tidemark.Server.Logging;
using Tidemark.Storage.Files;

namespace Tidemark.Commands;

/// <summary>
/// <c>tidemark up</c>: one broker for this machine, or a cluster of them, without a configuration file; directories are formatted on
/// first use. Only one line is printed when all is ready, so logs show warnings unless more is asked for.
/// </summary>
internal sealed record UpCommand(string Data, int Port, string Host, int Brokers, string? Racks, bool Restart, IReadOnlyList<string> Overrides, LogArguments Logs)
{
    private const int BrokersMost = 100;
    private const string DataDefault = "./data";
    private const int PortDefault = 9092;
    private const string HostDefault = "127.0.0.1";

    public static UpCommand? TryQuick(ReadOnlySpan<string> arguments)
    {
        if (QuickArguments.TryRead(arguments, ["--data", "--port", "--host", "--brokers", "--racks", "--override", .. LogArguments.Names], ["--restart"]) is not { } read)
        {
            return null;
        }

        return TryNumber(read.Find("--port"), PortDefault, ushort.MaxValue, out int port) && TryNumber(read.Find("--brokers"), 1, BrokersMost, out int brokers)
            ? new UpCommand(
                read.Find("--data") ?? DataDefault, port, read.Find("--host") ?? HostDefault, brokers, read.Find("--racks"), read.Has("--restart"), read.All("--override"), LogArguments.From(read))
            : null;
    }

    public static Command Define()
    {
        var data = new Option<string>("--data") { Description = "Where the data lies; made and formatted on first use.", HelpName = "DIRECTORY", DefaultValueFactory = _ => DataDefault };
        var port = new Option<int>("--port") { Description = "Where clients connect.", HelpName = "PORT", DefaultValueFactory = _ => PortDefault }.Between(1, ushort.MaxValue);
        var host = new Option<string>("--host") { Description = "The address to listen on, which clients are told too.", HelpName = "ADDRESS", DefaultValueFactory = _ => HostDefault };
        var brokers = new Option<int>("--brokers") { Description = "How many brokers to run, each in a process of its own; the first three are controllers too.", HelpName = "N", DefaultValueFactory = _ => 1 }.Between(1, BrokersMost);
        var racks = new Option<string?>("--racks") { Description = "Racks with commas between them, dealt out to the brokers in turn.", HelpName = "NAMES" };
        var restart = new Option<bool>("--restart") { Description = "With several brokers: start one again that ends by itself." };
        var overrides = new Option<string[]>("--override") { Description = "Sets one of the server's properties; may be given again.", HelpName = "KEY=VALUE" };
        var logs = new LogOptionSet();
        var command = new ExampledCommand(
            "up",
            "Run one broker or several on this machine. Ctrl-C stops them.",
            "tidemark up",
            "tidemark up --brokers 3",
            "tidemark up --brokers 5 --racks a,b,c --restart",
            "tidemark up --data /var/lib/tidemark --port 19092 --override auto.create.topics.enable=false")
        {
            data,
            port,
            host,
            brokers,
            racks,
            restart,
            overrides,
        };
        logs.AddTo(command);
        command.SetAction(parsed => new UpCommand(
            parsed.GetRequiredValue(data),
            parsed.GetRequiredValue(port),
            parsed.GetRequiredValue(host),
            parsed.GetRequiredValue(brokers),
            parsed.GetValue(racks),
            parsed.GetValue(restart),
            parsed.GetValue(overrides) ?? [],
            logs.Read(parsed)).Run());
        return command;
    }

    public int Run() => CommandLine.Guard(() =>
    {
        if (Data.Length == 0)
        {
            throw new CommandException(ExitCode.Usage, "--data : the name of a directory is needed");
        }

        string directory = Path.GetFullPath(Data);
        if (Brokers > 1)
        {
            return RunCluster(directory);
        }

        if (Racks is not null || Restart)
        {
            throw new CommandException(ExitCode.Usage, "--racks and --restart are for several brokers: say --brokers N too");
        }

        if (LocalClusterFiles.AreIn(directory))
        {
            throw new CommandException(ExitCode.Failed, $"{directory} holds a cluster of several brokers: say --brokers N, or another --data");
        }

        using Stream output = Console.OpenStandardError();
        StreamLoggerFactory logs = Logs.Open(output, !Console.IsErrorRedirected, LogLevel.Warning);
        NodeOptions options = NodeOptions.Read([.. Defaults(directory), .. ServerCommand.Properties(Overrides)], out IReadOnlyList<string> warnings);
        if (!File.Exists(Path.Combine(options.MetadataDirectory, "meta.properties")))
        {
            NodeDirectories.Format(new SystemDisk(), options, NodeDirectories.RandomId().ToString(), MetadataVersion.Latest, new Dictionary<string, short>(), null, ignoreFormatted: true);
        }

        return NodeProcess.Run(options, warnings, logs, node => SayReady(node, directory));
    });

    private static bool TryNumber(string? text, int standard, int most, out int number)
    {
        number = standard;
        return text is null || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0 && number <= most);
    }

    private int RunCluster(string directory)
    {
        string[] racks = Racks is null ? [] : [.. Racks.Split(',', StringSplitOptions.TrimEntries)];
        if (racks.Contains("") || racks.Length > Brokers)
        {
            throw new CommandException(ExitCode.Usage, $"--racks {Racks}: one to {Brokers} names with commas between them are allowed");
        }

        using Stream complaints = Console.OpenStandardError();
        Logs.Open(complaints, isTerminal: false, LogLevel.Information);
        var files = new LocalClusterFiles(directory, Host, Port, Brokers, racks, [.. ServerCommand.Properties(Overrides)]);
        files.Prepare();
        using var signals = new StopSignals();
        using var cluster = new LocalCluster(files, Restart, Logs.AsArguments());
        return cluster.RunAsync(() => SayClusterReady(files), signals.Stopping).GetAwaiter().GetResult();
    }

    private static void SayClusterReady(LocalClusterFiles files)
    {
        string program = Program();
        string at = files.Address(1) is { Host: HostDefault, Port: PortDefault } ? "" : $" -b {files.Address(1)}";
        Say(
            $"Tidemark is ready at {string.Join(',', files.Nodes.Select(files.Address))}, data in {files.Directory}. "
            + $"Try: echo hello | {program} produce{at} first  and then: {program} consume{at} first  and: {program} cluster{at}");
    }

    private static string Program() => File.Exists("tidemark") ? "./tidemark" : "tidemark";

    private static void Say(string line)
    {
        using Stream output = Console.OpenStandardOutput();
        output.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
    }

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

    private static void SayReady(Node node, string directory)
    {
        Listener listener = node.Advertised[0];
        string program = Program();
        string at = listener is { Host: HostDefault, Port: PortDefault } ? "" : $" -b {listener.Host}:{listener.Port}";
        Say($"Tidemark is ready at {listener.Host}:{listener.Port}, data in {directory}. Try: echo hello | {program} produce{at} first  and then: {program} consume{at} first");
    }
}
