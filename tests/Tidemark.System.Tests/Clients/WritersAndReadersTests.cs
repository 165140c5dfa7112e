namespace Tidemark.System.Tests.Clients;

/// <summary>What one client writes, with every codec it has, another reads: content, order, keys, headers and times.</summary>
[Collection(ClientsCollection.Name)]
public class WritersAndReadersTests(BrokerForClients fixture)
{
    [Theory]
    [WrittenBy("kcat")]
    [WrittenBy("confluent-kafka-python")]
    [WrittenBy("kafka-python")]
    [WrittenBy("kafkajs")]
    [WrittenBy("Confluent.Kafka")]
    [WrittenBy("java")]
    public async Task Records_are_read_back_as_they_were_written_by_offset_and_by_time(string writer, string reader)
    {
        WrittenTopic topic = await fixture.WrittenByAsync(KafkaClient.Named(writer));
        KafkaClient client = KafkaClient.Named(reader);
        string bootstrap = fixture.Broker.Bootstrap;
        IReadOnlyList<IncomingRecord> first = [];
        foreach ((int partition, string[] expected) in topic.Partitions)
        {
            IReadOnlyList<IncomingRecord> read = await client.ReadAsync(bootstrap, topic.Name, partition, StartPosition.At(0), expected.Length);
            Assert.Equal(expected, Lines(read));
            first = partition == 0 ? read : first;
        }

        string[] wanted = topic.Partitions[0];
        if (!client.ReadsTimesByOffset)
        {
            int middle = wanted.Length / 2;
            IReadOnlyList<IncomingRecord> fromMiddle = await client.ReadAsync(bootstrap, topic.Name, 0, StartPosition.At(middle), wanted.Length - middle);
            Assert.Equal(wanted[middle..], Lines(fromMiddle));
        }

        long time = first[wanted.Length * 3 / 4].TimestampMs;
        int offset = first.TakeWhile(record => record.TimestampMs < time).Count();
        IReadOnlyList<IncomingRecord> sinceTime = await client.ReadAsync(bootstrap, topic.Name, 0, StartPosition.Since(time), wanted.Length - offset);
        Assert.Equal(wanted[offset..], Lines(sinceTime));

        string[] Lines(IReadOnlyList<IncomingRecord> records) => records.Select(record => record.Content(topic.HasTimestamps)).ToArray();
    }
}
