using System.Text;
using Confluent.Kafka;

namespace Tidemark.System.Tests.Crash;

/// <summary>Reads everything that a topic holds, with its checksums checked by the client.</summary>
public static class WholeTopic
{
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(30);

    /// <summary>Values by partition and offset, from the first to the last offset; offsets must have no gaps.</summary>
    public static Dictionary<(int Partition, long Offset), string> Read(string bootstrap, string topic, int partitions)
    {
        ConsumerConfig configuration = new() { BootstrapServers = bootstrap, GroupId = "none", EnableAutoCommit = false, CheckCrcs = true };
        using IConsumer<byte[]?, byte[]> consumer = new ConsumerBuilder<byte[]?, byte[]>(configuration).SetLogHandler((_, _) => { }).Build();
        Dictionary<(int, long), string> values = [];
        for (int partition = 0; partition < partitions; partition++)
        {
            TopicPartition target = new(topic, partition);
            WatermarkOffsets marks = consumer.QueryWatermarkOffsets(target, AnswerTimeMax);
            consumer.Assign(new TopicPartitionOffset(target, marks.Low));
            for (long offset = marks.Low.Value; offset < marks.High.Value; offset++)
            {
                ConsumeResult<byte[]?, byte[]>? result = consumer.Consume(AnswerTimeMax);
                Assert.True(result != null, $"{target} has records to {marks.High}, but at {offset} none came");
                Assert.Equal(offset, result.Offset.Value);
                values.Add((partition, offset), Encoding.ASCII.GetString(result.Message.Value));
            }
        }

        return values;
    }
}
