using System.Text;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Checking;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>The topics and groups of the copiers, and how copies are written and read.</summary>
public static class CopyTopics
{
    /// <summary>Plain producers write to it as to any other topic; nobody deletes it.</summary>
    public const string Source = "source";

    public const string ClassicGroup = "classic-copiers";
    public const string ConsumerGroup = "consumer-copiers";

    public static IReadOnlyList<string> Groups { get; } = [ClassicGroup, ConsumerGroup];

    /// <summary>The topics that copiers need.</summary>
    public static IReadOnlyList<string> All { get; } = [Source, SinkOf(ClassicGroup), SinkOf(ConsumerGroup)];

    /// <summary>Where a group writes to: each copies the whole of the source.</summary>
    public static string SinkOf(string group) => $"sink-of-{group}";

    /// <summary>Topics that plain producers, consumers and the administrator keep away from.</summary>
    public static bool IsReserved(string topic) => topic.StartsWith("__", StringComparison.Ordinal) || topic.StartsWith("sink", StringComparison.Ordinal);

    /// <summary>Topics that nobody deletes or gives more partitions.</summary>
    public static bool IsKept(string topic) => topic == Source || IsReserved(topic);

    public static string Copy(int partition, long offset, string value) => $"{partition}/{offset}/{value}";

    public static FetchRequest Fetch(PartitionId partition, long from, sbyte isolation) => new()
    {
        MaxWaitMs = 50,
        MinBytes = 1,
        IsolationLevel = isolation,
        Topics = [new() { Topic = partition.Topic, TopicId = partition.TopicId, Partitions = [new() { Partition = partition.Index, FetchOffset = from, PartitionMaxBytes = 1 << 16 }] }],
    };

    /// <summary>
    /// The records of an answer from an offset on, without those of transactions that the answer names as aborted, as a consumer filters them.
    /// </summary>
    public static List<(long Offset, string Value)> Values(FetchResponse.PartitionData data, long from)
    {
        var values = new List<(long, string)>();
        var aborted = new PriorityQueue<long, long>((data.AbortedTransactions ?? []).Select(a => (a.ProducerId, a.FirstOffset)));
        var leftOut = new HashSet<long>();
        var walk = new BatchWalk(data.Records is { } records ? records.Span : default);
        while (walk.MoveNext())
        {
            RecordBatchHeader batch = walk.Current;
            while (aborted.TryPeek(out long producer, out long first) && first <= batch.LastOffset.Value)
            {
                aborted.Dequeue();
                leftOut.Add(producer);
            }

            if (batch.IsControl)
            {
                if (TransactionMarker.TryRead(batch, out TransactionMarker marker) && marker.Aborts)
                {
                    leftOut.Remove(batch.ProducerId.Value);
                }

                continue;
            }

            if (batch.IsTransactional && leftOut.Contains(batch.ProducerId.Value))
            {
                continue;
            }

            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext(out RecordView record))
            {
                if (record.Offset >= from)
                {
                    values.Add((record.Offset, Encoding.ASCII.GetString(record.Value.Span)));
                }
            }
        }

        return values;
    }

    /// <summary>The offset after the last whole batch of an answer.</summary>
    public static long Next(FetchResponse.PartitionData data, long from)
    {
        var walk = new BatchWalk(data.Records is { } records ? records.Span : default);
        while (walk.MoveNext())
        {
            from = Math.Max(from, walk.Current.LastOffset.Value + 1);
        }

        return from;
    }
}
