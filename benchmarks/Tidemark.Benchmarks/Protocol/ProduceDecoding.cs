using BenchmarkDotNet.Attributes;
using Tidemark.Protocol;
using Tidemark.Protocol.Cursors;
using Tidemark.Protocol.Messages;

namespace Tidemark.Benchmarks.Protocol;

/// <summary>
/// What it costs to find the 32 partitions of a produce request: with the cursor, which checks the whole body and takes no memory,
/// and with the class, which holds every field.
/// </summary>
[MemoryDiagnoser]
public class ProduceDecoding
{
    private const short Version = 12;
    private const int Topics = 4;
    private const int PartitionsPerTopic = 8;

    private byte[] _frame = [];

    [GlobalSetup]
    public void Encode()
    {
        var request = new ProduceRequest { Acks = -1, TimeoutMs = 30_000 };
        for (int topic = 0; topic < Topics; topic++)
        {
            var data = new ProduceRequest.TopicProduceData { Name = $"topic-{topic}" };
            for (int partition = 0; partition < PartitionsPerTopic; partition++)
            {
                data.PartitionData.Add(new() { Index = partition, Records = new byte[1024] });
            }

            request.TopicData.Add(data);
        }

        using var writer = new WireWriter();
        request.Write(writer, Version);
        _frame = writer.WrittenSpan.ToArray();
    }

    [Benchmark(Baseline = true)]
    public int Cursor()
    {
        int bytes = 0;
        var cursor = new ProduceRequestCursor(new WireReader(_frame), Version);
        while (cursor.NextTopic())
        {
            while (cursor.NextPartition())
            {
                bytes += cursor.Records?.Length ?? 0;
            }
        }

        return bytes;
    }

    [Benchmark]
    public int Class()
    {
        int bytes = 0;
        var reader = new WireReader(_frame);
        foreach (ProduceRequest.TopicProduceData topic in ProduceRequest.Read(ref reader, Version).TopicData)
        {
            foreach (ProduceRequest.PartitionProduceData partition in topic.PartitionData)
            {
                bytes += partition.Records?.Length ?? 0;
            }
        }

        return bytes;
    }
}
