using System.Text;
using System.Text.Json;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clients;

/// <summary>kcat, the command line around librdkafka. It creates topics by writing to them, and gives all records of a run the same headers.</summary>
public sealed class KcatClient : KafkaClient
{
    private const string Kcat = "kcat";

    public override string Name => Kcat;

    public override string? Absence => ChildProcess.Exists(Kcat) ? null : "kcat is not installed";

    public override Task CreateTopicAsync(string bootstrap, string topic) => Task.CompletedTask;

    public override OutgoingRecord Express(OutgoingRecord record) => record with { Headers = [new("gauge", "3"), new("unit", "m")], TimestampMs = null };

    public override async Task WriteAsync(string bootstrap, string topic, string codec, IReadOnlyList<OutgoingRecord> records)
    {
        foreach (IGrouping<int, OutgoingRecord> partition in records.GroupBy(record => record.Partition))
        {
            StringBuilder lines = new();
            foreach (OutgoingRecord record in partition)
            {
                lines.Append(record.Key).Append('|').Append(record.Value).Append('\n');
            }

            // -Z: an empty key or value is none at all.
            string[] arguments = ["-P", "-b", bootstrap, "-t", topic, "-p", $"{partition.Key}", "-z", codec, "-K", "|", "-Z", "-X", "linger.ms=20", .. Headers(partition.First())];
            (await ChildProcess.RunAsync(Kcat, arguments, lines.ToString())).Succeeded();
        }
    }

    public override async Task<IReadOnlyList<IncomingRecord>> ReadAsync(string bootstrap, string topic, int partition, StartPosition start, int count)
    {
        string offset = start.IsTime ? $"s@{start.Value}" : $"{start.Value}";
        string[] arguments = ["-C", "-b", bootstrap, "-t", topic, "-p", $"{partition}", "-o", offset, "-c", $"{count}", "-J", "-q", "-X", "check.crcs=true"];
        string output = (await ChildProcess.RunAsync(Kcat, arguments)).Succeeded();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToArray();
    }

    private static IEnumerable<string> Headers(OutgoingRecord record) => record.Headers.SelectMany(header => new[] { "-H", $"{header.Name}={header.Value}" });

    private static IncomingRecord Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement json = document.RootElement;
        string?[] headers = json.TryGetProperty("headers", out JsonElement list) ? list.EnumerateArray().Select(item => item.GetString()).ToArray() : [];
        return new IncomingRecord(
            json.GetProperty("offset").GetInt64(),
            json.GetProperty("ts").GetInt64(),
            json.GetProperty("key").GetString(),
            json.GetProperty("payload").GetString(),
            headers.Chunk(2).Select(pair => new RecordHeader(pair[0]!, pair[1])).ToArray());
    }
}
