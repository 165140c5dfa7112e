using System.Diagnostics;
using System.Text;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clients;

/// <summary>
/// Kafka's command line tools, one after the other in one virtual machine (tests/clients/java/ToolShell.java), as the start of a machine takes ten times as
/// long as most of them. For one test at a time.
/// </summary>
public sealed class ToolShell : IAsyncDisposable
{
    private const char EndMark = '\u0004';
    private static readonly TimeSpan s_answerTimeMax = TimeSpan.FromSeconds(90);
    private static readonly Dictionary<string, string> s_classes = new()
    {
        ["broker-api-versions"] = "BrokerApiVersionsCommand",
        ["cluster"] = "ClusterTool",
        ["configs"] = "kafka.admin.ConfigCommand",
        ["console-consumer"] = "consumer.ConsoleConsumer",
        ["consumer-groups"] = "consumer.group.ConsumerGroupCommand",
        ["delete-records"] = "DeleteRecordsCommand",
        ["features"] = "FeatureCommand",
        ["get-offsets"] = "GetOffsetShell",
        ["groups"] = "GroupsCommand",
        ["leader-election"] = "LeaderElectionCommand",
        ["log-dirs"] = "LogDirsCommand",
        ["metadata-quorum"] = "MetadataQuorumCommand",
        ["producer-perf-test"] = "ProducerPerformance",
        ["reassign-partitions"] = "reassign.ReassignPartitionsCommand",
        ["topics"] = "TopicCommand",
        ["transactions"] = "TransactionsCommand",
    };

    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly string _bootstrap;

    private ToolShell(Process process, string bootstrap)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _bootstrap = bootstrap;
    }

    /// <summary>Starts the machine, and waits for nothing: it gets ready while the cluster does.</summary>
    /// <param name="bootstrap">What the tools are told of where the brokers are.</param>
    public static ToolShell Start(string bootstrap)
    {
        string source = Path.Combine(Repository.Root, "tests", "clients", "java", "ToolShell.java");
        ProcessStartInfo start = new(KafkaLauncher.Path!, ["class", "com.sun.tools.javac.launcher.Main", source])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dfile.encoding=UTF-8";
        return new ToolShell(Process.Start(start) ?? throw new InvalidOperationException("no process"), bootstrap);
    }

    /// <summary>What a tool printed, once it is sure that it ended well.</summary>
    public async Task<string> RunAsync(string tool, params string[] arguments) => (await TryAsync(tool, arguments)).Succeeded();

    /// <summary>What a tool, by the name of its script, printed on both streams, and how it ended. It is told of the brokers, unless the arguments name others.</summary>
    public async Task<CommandResult> TryAsync(string tool, params string[] arguments)
    {
        string[] all = arguments.Any(argument => argument.StartsWith("--bootstrap-", StringComparison.Ordinal)) ? arguments
            : tool is "cluster" ? [.. arguments, "--bootstrap-server", _bootstrap]
            : ["--bootstrap-server", _bootstrap, .. arguments];
        string name = s_classes[tool];
        string line = string.Join('\t', [name.StartsWith("kafka.", StringComparison.Ordinal) ? name : "org.apache.kafka.tools." + name, .. all]);
        await _process.StandardInput.WriteAsync(line + "\n");
        await _process.StandardInput.FlushAsync();
        using CancellationTokenSource deadline = new(s_answerTimeMax);
        StringBuilder output = new();
        while (true)
        {
            string read = await _process.StandardOutput.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException($"the machine of the tools ended: {await _errors}");
            if (read.StartsWith(EndMark))
            {
                string printed = output.ToString();
                return new CommandResult($"{tool} {string.Join(' ', arguments)}", int.Parse(read[1..]), printed, "");
            }

            output.Append(read).Append('\n');
        }
    }

    public ValueTask DisposeAsync()
    {
        _process.End();
        return ValueTask.CompletedTask;
    }
}

/// <summary>The tables and lists that the tools print.</summary>
internal static class ToolOutput
{
    private static readonly char[] s_blank = [' ', '\t'];

    /// <summary>The cells of each row that begins with this.</summary>
    public static string[][] Rows(this string output, string first) =>
        [.. output.Split('\n').Select(line => line.Split(s_blank, StringSplitOptions.RemoveEmptyEntries)).Where(cells => cells.FirstOrDefault() == first)];

    /// <summary>The cells of the only row that begins with this.</summary>
    public static string[] Row(this string output, string first)
    {
        string[][] rows = output.Rows(first);
        Assert.True(rows.Length == 1, $"{rows.Length} rows begin with {first}:{Environment.NewLine}{output}");
        return rows[0];
    }

    /// <summary>The lines that are not empty.</summary>
    public static string[] Lines(this string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
