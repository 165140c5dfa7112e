using System.Diagnostics;
using Confluent.Kafka;

namespace Tidemark.System.Tests.Crash;

/// <summary>Reads a topic as read_committed shows it, from its beginning on, and keeps what it saw by partition and in order.</summary>
public sealed class CommittedReader : IDisposable
{
    private readonly IConsumer<Ignore, string> _consumer;
    private readonly string _topic;

    public CommittedReader(string bootstrap, string topic, int partitions)
    {
        ConsumerConfig configuration = new()
        {
            BootstrapServers = bootstrap,
            GroupId = "none",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            IsolationLevel = IsolationLevel.ReadCommitted,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 300,
            FetchWaitMaxMs = 100,
        };
        _topic = topic;
        _consumer = new ConsumerBuilder<Ignore, string>(configuration).SetLogHandler((_, _) => { }).Build();
        _consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, 0)));
        Values = [.. Enumerable.Range(0, partitions).Select(_ => new List<string>())];
    }

    /// <summary>By partition, in the order of their offsets.</summary>
    public IReadOnlyList<List<string>> Values { get; }

    public int Count => Values.Sum(values => values.Count);

    /// <summary>Reads until so many records were seen since the beginning; false when they did not come in time or the condition to go on no longer held.</summary>
    public bool TryReachCount(int count, TimeSpan within, Func<bool> goOn)
    {
        long start = Stopwatch.GetTimestamp();
        while (Count < count && Stopwatch.GetElapsedTime(start) < within && goOn())
        {
            Take(_consumer.Consume(TimeSpan.FromMilliseconds(200)));
        }

        return Count >= count;
    }

    /// <summary>Reads everything, until each partition has shown its end; for a reader that has not read yet, as an end is shown once.</summary>
    public void ReadToEnds(TimeSpan within)
    {
        long start = Stopwatch.GetTimestamp();
        HashSet<int> ended = [];
        while (ended.Count < Values.Count)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < within, $"{ended.Count} of {Values.Count} partitions of {_topic} showed their end");
            ConsumeResult<Ignore, string>? result = _consumer.Consume(TimeSpan.FromMilliseconds(200));
            Take(result);
            if (result is { IsPartitionEOF: true })
            {
                ended.Add(result.Partition.Value);
            }
        }
    }

    public void Dispose() => _consumer.Dispose();

    private void Take(ConsumeResult<Ignore, string>? result)
    {
        if (result is { IsPartitionEOF: false })
        {
            Values[result.Partition.Value].Add(result.Message.Value);
        }
    }
}
