using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Clients;

/// <summary>Kafka's own console producer and consumer, around its Java client. The consumer cannot begin at a time; GetOffsetShell finds the offset for it.</summary>
public sealed class JavaClient : KafkaClient
{
    private const string NullMarker = "<none>";

    public override string Name => "java";

    public override string? Absence => KafkaLauncher.Absence;

    public override int Partitions => 1;

    public override bool ReadsTimesByOffset => true;

    /// <summary>Runs one of Kafka's tools by its short name.</summary>
    public static async Task<string> RunAsync(string input, params string[] arguments) =>
        (await ChildProcess.RunAsync(KafkaLauncher.Path!, arguments, input)).Succeeded();

    public override async Task CreateTopicAsync(string bootstrap, string topic) =>
        await RunAsync("", "topics", "--bootstrap-server", bootstrap, "--create", "--topic", topic, "--partitions", $"{Partitions}");

    public override OutgoingRecord Express(OutgoingRecord record) => record with { TimestampMs = null };

    public override async Task WriteAsync(string bootstrap, string topic, string codec, IReadOnlyList<OutgoingRecord> records)
    {
        string lines = string.Concat(records.Select(record => $"{Headers(record)}\t{record.Key ?? NullMarker}\t{record.Value ?? NullMarker}\n"));
        string[] arguments = ["console-producer", "--bootstrap-server", bootstrap, "--topic", topic, "--compression-codec", codec];
        await RunAsync(lines, [.. arguments, .. Properties("--reader-property", "parse.key=true", "parse.headers=true", $"null.marker={NullMarker}")]);
    }

    public override async Task<IReadOnlyList<IncomingRecord>> ReadAsync(string bootstrap, string topic, int partition, StartPosition start, int count)
    {
        long offset = start.Value;
        if (start.IsTime)
        {
            string found = await RunAsync("", "get-offsets", "--bootstrap-server", bootstrap, "--topic-partitions", $"{topic}:{partition}", "--time", $"{start.Value}");
            offset = long.Parse(found.Trim().Split(':')[^1]);
        }

        string[] arguments = ["console-consumer", "--bootstrap-server", bootstrap, "--topic", topic, "--partition", $"{partition}", "--offset", $"{offset}", "--max-messages", $"{count}", "--timeout-ms", "30000"];
        string output = await RunAsync("", [.. arguments, .. Properties("--formatter-property", "print.timestamp=true", "print.offset=true", "print.headers=true", "print.key=true", $"null.literal={NullMarker}")]);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith("CreateTime:", StringComparison.Ordinal)).Select(Parse).ToArray();
    }

    private static string Headers(OutgoingRecord record) =>
        record.Headers.Count == 0 ? NullMarker : string.Join(',', record.Headers.Select(header => $"{header.Name}:{header.Value}"));

    private static IEnumerable<string> Properties(string option, params string[] properties) => properties.SelectMany(property => new[] { option, property });

    private static IncomingRecord Parse(string line)
    {
        string[] columns = line.Split('\t');
        RecordHeader[] headers = columns[2] == "NO_HEADERS"
            ? []
            : columns[2].Split(',').Select(header => header.Split(':', 2)).Select(header => new RecordHeader(header[0], header[1])).ToArray();
        return new IncomingRecord(Number(columns[1]), Number(columns[0]), Present(columns[3]), Present(columns[4]), headers);
    }

    private static long Number(string column) => long.Parse(column.Split(':')[1]);

    private static string? Present(string column) => column == NullMarker ? null : column;
}
