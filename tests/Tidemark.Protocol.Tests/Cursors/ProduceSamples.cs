using Tidemark.Protocol.Cursors;
using Tidemark.Protocol.Messages;

namespace Tidemark.Protocol.Tests.Cursors;

/// <summary>Produce requests of a wanted shape.</summary>
public static class ProduceSamples
{
    public static byte[] Request(int topics, int partitions, short version, int recordBytes)
    {
        var request = new ProduceRequest { Acks = -1, TimeoutMs = 30_000 };
        for (int topic = 0; topic < topics; topic++)
        {
            var data = new ProduceRequest.TopicProduceData { Name = $"topic-{topic}" };
            for (int partition = 0; partition < partitions; partition++)
            {
                data.PartitionData.Add(new ProduceRequest.PartitionProduceData { Index = partition, Records = new byte[recordBytes] });
            }

            request.TopicData.Add(data);
        }

        using var writer = new WireWriter();
        request.Write(writer, version);
        return writer.WrittenSpan.ToArray();
    }

    public static int CountPartitions(byte[] bytes, short version)
    {
        int count = 0;
        var cursor = new ProduceRequestCursor(new WireReader(bytes), version);
        while (cursor.NextTopic())
        {
            while (cursor.NextPartition())
            {
                count += cursor.Records is null ? 0 : 1;
            }
        }

        return count;
    }
}
