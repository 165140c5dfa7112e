using System.Diagnostics;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Client.Producing;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Commands.Perf.Latency;

/// <summary>The library's producer and consumer, which sleep until something comes, as an application's do.</summary>
internal sealed class WaitingClient : ILatencyClient
{
    private readonly ClusterCall _call;
    private readonly string _topic;
    private readonly ClusterClient _reader;
    private readonly Consumer _consumer;

    private WaitingClient(ClusterCall call, string topic)
    {
        (_call, _topic) = (call, topic);

        // Connections of its own: a broker may answer those of one connection in turn, and a record would wait behind the fetch that waits for it.
        _reader = new ClusterClient(call.Options);
        _consumer = new Consumer(_reader, new ConsumerOptions());
    }

    public static async Task<ILatencyClient> OpenAsync(ClusterCall call, string topic)
    {
        TopicInfo info = await call.Cluster.TopicAsync(topic, allowAutoCreation: true, call.Cancellation);
        var client = new WaitingClient(call, topic);
        try
        {
            await client.AssignAsync(info);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    public async Task RunAsync(LatencyRun run)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(_call.Cancellation);
        Task reading = ReadAsync(run, failed.Token);
        try
        {
            await WriteAsync(run);
            await reading.WaitAsync(_call.Timeout, _call.Cancellation);
        }
        finally
        {
            await failed.CancelAsync();
        }
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    private async Task AssignAsync(TopicInfo info)
    {
        await _consumer.AssignAsync(info.Partitions.Select(p => new TopicPartition(_topic, p.Partition)), OffsetSpec.Latest, _call.Cancellation);
        while (_consumer.Positions.Count < info.Partitions.Count)
        {
            // What is written before the end of a partition is known would not be read.
            (await _consumer.FetchAsync(_call.Cancellation)).Dispose();
        }
    }

    private async Task WriteAsync(LatencyRun run)
    {
        await using var producer = new Producer(_call.Cluster, new ProducerOptions { Linger = TimeSpan.Zero, DeliveryTimeout = _call.Timeout });
        for (long i = 0; i < run.Records; i++)
        {
            while (run.Until(i) is { Ticks: > 0 } early)
            {
                await Task.Delay(early < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : early, _call.Cancellation);
            }

            await producer.PostAsync(new ProducerRecord(_topic, null, run.Value(Stopwatch.GetTimestamp())), cancellation: _call.Cancellation);
        }
    }

    private async Task ReadAsync(LatencyRun run, CancellationToken cancellation)
    {
        while (!run.IsComplete)
        {
            using FetchedRecords fetched = await _consumer.FetchAsync(cancellation);
            long now = Stopwatch.GetTimestamp();
            fetched.ForEach((TopicPartition _, in RecordView record) => run.Note(record, now));
        }
    }
}
