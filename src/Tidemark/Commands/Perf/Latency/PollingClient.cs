using System.Diagnostics;
using Tidemark.Client.Cluster;
using Tidemark.Client.Connections;
using Tidemark.Client.Consuming;
using Tidemark.Client.Producing;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Perf.Latency;

/// <summary>
/// One thread that never sleeps: it looks at the clock, at the producer's socket and at the consumer's in turn. What is measured has no wake-up of the client in
/// it, only those of the brokers. All records go to the first partition, as those without a key go to one; the consumer reads all that its leader leads. An
/// error of a partition, such as another leader, ends the run: what came after it would be no measure of latency.
/// </summary>
internal sealed class PollingClient : ILatencyClient
{
    private static readonly ConsumerOptions s_consuming = new();

    private readonly ClusterCall _call;
    private readonly PolledConnection _writing;
    private readonly PolledConnection _reading;
    private readonly PolledProducer _producer;
    private readonly PolledConsumer _consumer;

    private PollingClient(ClusterCall call, PolledConnection writing, PolledConnection reading, TopicInfo topic, IReadOnlyDictionary<int, long> ends)
    {
        (_call, _writing, _reading) = (call, writing, reading);
        _producer = new PolledProducer(writing, topic, partition: 0, new ProducerOptions(), call.Options.RequestTimeout);
        _consumer = new PolledConsumer(reading, topic, ends, s_consuming);
    }

    public static async Task<ILatencyClient> OpenAsync(ClusterCall call, string topic)
    {
        TopicInfo found = await call.Cluster.TopicAsync(topic, allowAutoCreation: true, call.Cancellation);

        // That every leader answers shows that a topic which was just created can be used.
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> ends = await call.Cluster.ListOffsetsAsync(
            found.Partitions.Select(p => KeyValuePair.Create(new TopicPartition(topic, p.Partition), OffsetSpec.Latest)), call.Cancellation);
        foreach ((TopicPartition partition, OffsetAnswer end) in ends)
        {
            ClusterCall.Require(end.Error, $"Looking up the end of {partition}", null);
        }

        BrokerConnection leader = await call.Cluster.ConnectToLeaderAsync(new TopicPartition(topic, 0), call.Cancellation);
        TopicInfo info = call.Cluster.Metadata.Topics[topic];
        var led = info.Partitions.Where(p => p.Leader == info.Partition(0).Leader).ToDictionary(p => p.Partition, p => ends[new TopicPartition(topic, p.Partition)].Offset);
        PolledConnection writing = PolledConnection.Open(leader, call.Options, brokerWait: call.Options.RequestTimeout, call.Cancellation);
        try
        {
            return new PollingClient(call, writing, PolledConnection.Open(leader, call.Options, s_consuming.MaxWait, call.Cancellation), info, led);
        }
        catch
        {
            writing.Dispose();
            throw;
        }
    }

    /// <summary>On a thread of its own: one of the pool's would be missed there.</summary>
    public Task RunAsync(LatencyRun run) => Task.Factory.StartNew(() => Poll(run), _call.Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public ValueTask DisposeAsync()
    {
        _producer.Dispose();
        _writing.Dispose();
        _reading.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Poll(LatencyRun run)
    {
        long posted = 0;
        long last = Stopwatch.GetTimestamp();
        _consumer.Fetch(last);
        while (!run.IsComplete || !_producer.IsFlushed)
        {
            _call.Cancellation.ThrowIfCancellationRequested();
            long now = Stopwatch.GetTimestamp();
            if (posted < run.Records && run.Until(posted) <= TimeSpan.Zero && _producer.HasRoom)
            {
                last = Stopwatch.GetTimestamp();
                _producer.Post(run.Value(last), last);
                posted++;
            }
            else if (posted == run.Records && Stopwatch.GetElapsedTime(last, now) > _call.Timeout)
            {
                throw new TimeoutException();
            }

            _producer.Poll(now);
            _consumer.Poll(now, run);
        }
    }
}
