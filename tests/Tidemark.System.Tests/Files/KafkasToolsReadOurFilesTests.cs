using System.Text.RegularExpressions;
using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Files;

/// <summary>dump-log, with its checks on, over every file that a broker left after a clean stop.</summary>
public partial class KafkasToolsReadOurFilesTests
{
    [KafkaFact]
    public async Task Segments_indexes_producer_snapshots_and_the_metadata_log_are_read_without_a_complaint()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        KafkaClient writer = KafkaClient.All.First(client => client.Absence == null && client.CanRead);
        await JavaClient.RunAsync("", "topics", "--bootstrap-server", broker.Bootstrap, "--create", "--topic", "dumped", "--partitions", "2", "--config", "segment.bytes=1048576");
        int count = 0;
        long startMs = DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeMilliseconds();
        foreach ((int index, string codec) in writer.Codecs.Index())
        {
            OutgoingRecord[] records = SampleRecords.For(codec, index, 2, startMs).Select(writer.Express).ToArray();
            await writer.WriteAsync(broker.Bootstrap, "dumped", codec, records);
            count += records.Length;
        }

        await JavaClient.RunAsync("", "producer-perf-test", "--topic", "dumped", "--num-records", "6000", "--record-size", "500", "--throughput", "-1", "--producer-props", $"bootstrap.servers={broker.Bootstrap}", "acks=all");
        await broker.StopAsync(TimeSpan.FromSeconds(20));

        string[] segments = Found(broker, "dumped-*", "*.log");
        Assert.True(segments.Length >= 3, $"{segments.Length} segments of 1 MiB");
        string dumped = await DumpAsync(segments, "--deep-iteration");
        Assert.Equal(count + 6000, BatchCount().Matches(dumped).Sum(match => int.Parse(match.Groups[1].Value)));
        await DumpAsync(Found(broker, "dumped-*", "*.index"), "--index-sanity-check");
        await DumpAsync(Found(broker, "dumped-*", "*.timeindex"));
        Assert.Contains("producerId", await DumpAsync(Found(broker, "dumped-*", "*.snapshot")), StringComparison.Ordinal);

        string metadata = await DumpAsync([.. Found(broker, "__cluster_metadata-0", "*.log"), .. Found(broker, "__cluster_metadata-0", "*.checkpoint")], "--cluster-metadata-decoder");
        foreach (string record in new[] { "TOPIC_RECORD", "PARTITION_RECORD", "REGISTER_BROKER_RECORD", "FEATURE_LEVEL_RECORD" })
        {
            Assert.Contains(record, metadata, StringComparison.Ordinal);
        }
    }

    private static string[] Found(RunningBroker broker, string directories, string files) =>
        Directory.GetDirectories(broker.Data, directories).SelectMany(directory => Directory.GetFiles(directory, files)).Where(file => new FileInfo(file).Length > 0).Order(StringComparer.Ordinal).ToArray();

    private static async Task<string> DumpAsync(string[] files, params string[] options)
    {
        Assert.NotEmpty(files);
        string output = await JavaClient.RunAsync("", ["dump-log", "--files", string.Join(',', files), .. options]);
        Assert.DoesNotContain("isvalid: false", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Found ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("mismatch", output, StringComparison.OrdinalIgnoreCase);
        return output;
    }

    [GeneratedRegex(@"\bcount: (\d+)")]
    private static partial Regex BatchCount();
}
