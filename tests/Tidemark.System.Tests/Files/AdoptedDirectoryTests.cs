using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Files;

/// <summary>A stopped data directory changes hands between Tidemark and Apache Kafka, and both serve what the other wrote.</summary>
public class AdoptedDirectoryTests
{
    private static readonly KafkaClient Client = KafkaClient.All.First(client => client.Absence == null && client.CanRead);

    [KafkaFact]
    public async Task Kafka_starts_on_our_directory_and_we_on_what_it_added()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync("num.partitions=2");
        await ChangeHandsAsync(broker, thenKafka: true);
    }

    [KafkaFact]
    public async Task We_start_on_Kafkas_directory_and_Kafka_on_what_we_added()
    {
        await using RunningBroker broker = await RunningBroker.StartKafkaAsync("num.partitions=2");
        await ChangeHandsAsync(broker, thenKafka: false);
    }

    private static async Task ChangeHandsAsync(RunningBroker broker, bool thenKafka)
    {
        string[] first = await FillAsync(broker, "first");
        await JavaClient.RunAsync("", "topics", "--bootstrap-server", broker.Bootstrap, "--create", "--topic", "deleted");
        await JavaClient.RunAsync("", "topics", "--bootstrap-server", broker.Bootstrap, "--delete", "--topic", "deleted");
        await JavaClient.RunAsync("", "configs", "--bootstrap-server", broker.Bootstrap, "--alter", "--entity-type", "topics", "--entity-name", "first", "--add-config", "segment.bytes=1048576");
        await HandOverAsync(broker, thenKafka);
        await CheckAsync(broker, "first", first);
        string described = await JavaClient.RunAsync("", "topics", "--bootstrap-server", broker.Bootstrap, "--describe");
        Assert.Contains("segment.bytes=1048576", described, StringComparison.Ordinal);
        Assert.DoesNotContain("deleted", described, StringComparison.Ordinal);

        string[] second = await FillAsync(broker, "second");
        await HandOverAsync(broker, !thenKafka);
        await CheckAsync(broker, "first", first);
        await CheckAsync(broker, "second", second);
    }

    private static async Task HandOverAsync(RunningBroker broker, bool kafka)
    {
        await broker.StopAsync(TimeSpan.FromSeconds(30));
        broker.IsKafka = kafka;
        await broker.StartAgainAsync();
    }

    /// <summary>Writes a topic with every codec, and returns what partition 0 holds.</summary>
    private static async Task<string[]> FillAsync(RunningBroker broker, string topic)
    {
        await Client.CreateTopicAsync(broker.Bootstrap, topic);
        long startMs = DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeMilliseconds();
        List<OutgoingRecord> all = [];
        foreach ((int index, string codec) in Client.Codecs.Index())
        {
            OutgoingRecord[] records = SampleRecords.For(codec, index, Client.Partitions, startMs).Select(Client.Express).ToArray();
            await Client.WriteAsync(broker.Bootstrap, topic, codec, records);
            all.AddRange(records.Where(record => record.Partition == 0));
        }

        return all.Select((record, offset) => IncomingRecord.Expected(offset, record)).ToArray();
    }

    private static async Task CheckAsync(RunningBroker broker, string topic, string[] expected)
    {
        IReadOnlyList<IncomingRecord> read = await Client.ReadAsync(broker.Bootstrap, topic, 0, StartPosition.At(0), expected.Length);
        Assert.Equal(expected, read.Select(record => record.Content(withTimestamp: expected[0].EndsWith(" | ", StringComparison.Ordinal) is false)));
    }
}
