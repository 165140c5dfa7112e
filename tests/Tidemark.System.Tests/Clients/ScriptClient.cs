using System.Text.Encodings.Web;
using System.Text.Json;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clients;

/// <summary>
/// A client of another language behind a script under tests/clients. The script takes <c>create BOOTSTRAP TOPIC PARTITIONS</c>,
/// <c>write BOOTSTRAP TOPIC CODEC</c> with records as JSON lines on its input, <c>read BOOTSTRAP TOPIC PARTITION START COUNT</c>, which
/// prints such lines, <c>admin BOOTSTRAP TOPIC</c>, which tries the client's other administrative calls, and <c>group BOOTSTRAP TOPIC</c>, in which
/// several consumers share a topic, and <c>transactions BOOTSTRAP TOPIC</c>.
/// </summary>
public sealed class ScriptClient(string name, string interpreter, string script, string[] codecs, bool canRead, Func<string?> absence) : KafkaClient
{
    public const string Python = "/usr/bin/python3";
    private static readonly string[] EveryCodec = ["none", "gzip", "snappy", "lz4", "zstd"];
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lazy<string?> _absence = new(absence);

    public static ScriptClient ConfluentPython { get; } =
        new("confluent-kafka-python", Python, Script("python/confluent.py"), EveryCodec, canRead: true, () => PythonModules("confluent_kafka"));

    public static ScriptClient KafkaPython { get; } =
        new("kafka-python", Python, Script("python/kafka_python.py"), EveryCodec, canRead: true, () => PythonModules("kafka", "lz4", "snappy", "zstandard"));

    /// <summary>Reads only in a group, and brings no codec but gzip.</summary>
    public static ScriptClient KafkaJs { get; } =
        new("kafkajs", "node", Script("node/kafkajs.mjs"), ["none", "gzip"], canRead: false, NodeModules);

    public override string Name => name;

    public override string? Absence => _absence.Value;

    public override IReadOnlyList<string> Codecs => codecs;

    public override bool CanRead => canRead;

    public override async Task CreateTopicAsync(string bootstrap, string topic) => await RunAsync("", "create", bootstrap, topic, $"{Partitions}");

    public override async Task WriteAsync(string bootstrap, string topic, string codec, IReadOnlyList<OutgoingRecord> records) =>
        await RunAsync(string.Concat(records.Select(record => JsonSerializer.Serialize(record, Json) + "\n")), "write", bootstrap, topic, codec);

    public override async Task<IReadOnlyList<IncomingRecord>> ReadAsync(string bootstrap, string topic, int partition, StartPosition start, int count)
    {
        string output = await RunAsync("", "read", bootstrap, topic, $"{partition}", $"{start}", $"{count}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<IncomingRecord>(line, Json)!).ToArray();
    }

    /// <summary>The client's administrative calls; the script ends with an error where an answer is not what it must be.</summary>
    public async Task AdministerAsync(string bootstrap, string topic) => await RunAsync("", "admin", bootstrap, topic);

    /// <summary>Several members of groups over a topic that the script fills; it ends with an error where partitions or offsets are not what they must be.</summary>
    public async Task MeetInGroupsAsync(string bootstrap, string topic) => await RunAsync("", "group", bootstrap, topic);

    /// <summary>Transactions that are committed, aborted and taken over by a second instance; the script ends with an error where somebody sees or is told what is wrong.</summary>
    public async Task UseTransactionsAsync(string bootstrap, string topic) => await RunAsync("", "transactions", bootstrap, topic);

    /// <summary>Where a script under tests/clients stands.</summary>
    public static string Script(string path)
    {
        DirectoryInfo root = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Tidemark.slnx")))
        {
            root = root.Parent ?? throw new InvalidOperationException("no Tidemark.slnx above the tests");
        }

        return Path.Combine(root.FullName, "tests", "clients", path);
    }

    private static string? PythonModules(params string[] modules)
    {
        if (!File.Exists(Python))
        {
            return "there is no /usr/bin/python3";
        }

        CommandResult result = ChildProcess.RunAsync(Python, ["-c", $"import {string.Join(", ", modules)}"]).GetAwaiter().GetResult();
        return result.ExitCode == 0 ? null : result.Error.Trim().Split('\n')[^1];
    }

    private static string? NodeModules() =>
        !ChildProcess.Exists("node") ? "node is not installed" : Directory.Exists(Script("node/node_modules/kafkajs")) ? null : "kafkajs is not installed (npm ci in tests/clients/node)";

    private async Task<string> RunAsync(string input, params string[] arguments) => (await ChildProcess.RunAsync(interpreter, [script, .. arguments], input)).Succeeded();
}
