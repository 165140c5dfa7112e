using System.Text;
using Tidemark.Protocol.Cursors;
using Tidemark.Protocol.Messages;
using Tidemark.Protocol.Tests.Vectors;
using Tidemark.Tests.Shared;

namespace Tidemark.Protocol.Tests.Cursors;

public class ProduceRequestCursorTests
{
    private static MessageVector[] Rows => [.. MessageVector.Own.Where(row => row.ClassName == nameof(ProduceRequest))];

    [Fact]
    public void The_cursor_sees_what_the_class_sees()
    {
        foreach (MessageVector row in Rows)
        {
            Assert.Equal(Describe((ProduceRequest)MessageClasses.Read(row)), Walk(row.Bytes, row.Version));
        }
    }

    [Fact]
    public void Partitions_that_the_caller_leaves_out_are_stepped_over()
    {
        byte[] bytes = ProduceSamples.Request(topics: 3, partitions: 4, version: 9, recordBytes: 20);
        var cursor = new ProduceRequestCursor(new WireReader(bytes), 9);
        var names = new List<string>();
        while (cursor.NextTopic())
        {
            cursor.NextPartition();
            names.Add(Encoding.UTF8.GetString(cursor.TopicName) + cursor.Partition);
        }

        Assert.Equal(["topic-00", "topic-10", "topic-20"], names);
    }

    [Fact]
    public void Damage_is_found_before_the_first_topic_and_exactly_where_the_class_finds_it()
    {
        foreach (MessageVector row in Rows)
        {
            for (int length = 0; length < row.Bytes.Length; length++)
            {
                byte[] cut = row.Bytes[..length];
                Assert.Throws<ProtocolException>(() =>
                {
                    _ = new ProduceRequestCursor(new WireReader(cut), row.Version);
                });
            }
        }
    }

    [Fact]
    public void Decoding_32_partitions_takes_no_memory()
    {
        byte[] bytes = ProduceSamples.Request(topics: 4, partitions: 8, version: 12, recordBytes: 100);
        Assert.Equal(32, ProduceSamples.CountPartitions(bytes, 12));
        Assert.Equal(0, Allocated.By(Decode, allowed: 0));

        void Decode()
        {
            for (int i = 0; i < 100; i++)
            {
                ProduceSamples.CountPartitions(bytes, 12);
            }
        }
    }

    private static string Describe(ProduceRequest request)
    {
        var text = new StringBuilder($"{request.TransactionalId is not null} {request.TransactionalId} {request.Acks} {request.TimeoutMs} {request.TopicData.Count}");
        foreach (ProduceRequest.TopicProduceData topic in request.TopicData)
        {
            text.Append($"\n{topic.Name} {topic.TopicId} {topic.PartitionData.Count}");
            foreach (ProduceRequest.PartitionProduceData partition in topic.PartitionData)
            {
                text.Append($"\n{partition.Index} {Hex(partition.Records)}");
            }
        }

        return text.ToString();
    }

    private static string Walk(byte[] bytes, short version)
    {
        var cursor = new ProduceRequestCursor(new WireReader(bytes), version);
        var text = new StringBuilder($"{cursor.IsTransactional} {Encoding.UTF8.GetString(cursor.TransactionalId)} {cursor.Acks} {cursor.TimeoutMs} {cursor.TopicCount}");
        while (cursor.NextTopic())
        {
            text.Append($"\n{Encoding.UTF8.GetString(cursor.TopicName)} {cursor.TopicId} {cursor.PartitionCount}");
            while (cursor.NextPartition())
            {
                text.Append($"\n{cursor.Partition} {Hex(cursor.Records)}");
            }
        }

        return text.ToString();
    }

    private static string Hex(ReadOnlyMemory<byte>? records) => records is { } bytes ? Convert.ToHexString(bytes.Span) : "null";
}
