using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Tidemark.System.Tests.Crash;

namespace Tidemark.System.Tests.Clusters;

/// <summary>
/// An idempotent producer with acks=all that writes one record to every partition at a steady pace while the cluster changes under it. It knows what was
/// acknowledged and how long each partition went without.
/// </summary>
internal sealed class PacedLoad : IAsyncDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(10);
    private readonly IProducer<Null, byte[]> _producer;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<AckedRecord> _acked = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly long[] _lastAck;
    private readonly long[] _longestGap;
    private readonly Task _running;

    public PacedLoad(string bootstrap, string topic, int partitions)
    {
        (Topic, Partitions) = (topic, partitions);
        _lastAck = [.. Enumerable.Repeat(Stopwatch.GetTimestamp(), partitions)];
        _longestGap = new long[partitions];
        _producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            Acks = Acks.All,
            EnableIdempotence = true,
            LingerMs = 1,
            MessageTimeoutMs = 300_000,
            RetryBackoffMs = 50,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 500,
        }).SetLogHandler((_, _) => { }).Build();
        _running = Task.Run(RunAsync);
    }

    public string Topic { get; }

    public int Partitions { get; }

    public int Acknowledged => _acked.Count;

    /// <summary>The longest time that one partition went without an acknowledgement since this was asked last.</summary>
    public TimeSpan TakeLongestGap()
    {
        long longest = 0;
        for (int partition = 0; partition < Partitions; partition++)
        {
            longest = Math.Max(longest, Interlocked.Exchange(ref _longestGap[partition], 0));
        }

        return Stopwatch.GetElapsedTime(0, longest);
    }

    /// <summary>Waits until all is acknowledged, reads the topic, and compares: nothing lost, nothing twice, no error. Answers what was read.</summary>
    public async Task<int> StopAndCompareAsync(string bootstrap)
    {
        await _stop.CancelAsync();
        await _running;
        Assert.Empty(_errors);
        Dictionary<(int Partition, long Offset), string> read = WholeTopic.Read(bootstrap, Topic, Partitions);
        string[] lost = [.. _acked.Where(record => read.GetValueOrDefault((record.Partition, record.Offset)) != record.Value).Select(record => $"{record}").Take(5)];
        Assert.Empty(lost);
        Assert.Equal(read.Count, read.Values.Distinct().Count());
        return read.Count;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _producer.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using PeriodicTimer timer = new(s_pace);
        for (int number = 0; !_stop.IsCancellationRequested; number++)
        {
            await timer.WaitForNextTickAsync();
            for (int partition = 0; partition < Partitions; partition++)
            {
                string value = string.Create(CultureInfo.InvariantCulture, $"{partition}:{number}");
                _producer.Produce(new TopicPartition(Topic, partition), new Message<Null, byte[]> { Value = Encoding.ASCII.GetBytes(value) }, report => Delivered(report, value));
            }
        }

        _producer.Flush(TimeSpan.FromSeconds(120));
    }

    private void Delivered(DeliveryReport<Null, byte[]> report, string value)
    {
        if (report.Error.IsError)
        {
            _errors.Enqueue(report.Error.Reason);
            return;
        }

        long now = Stopwatch.GetTimestamp();
        int partition = report.Partition.Value;
        long gap = now - Interlocked.Exchange(ref _lastAck[partition], now);
        if (gap > Volatile.Read(ref _longestGap[partition]))
        {
            Volatile.Write(ref _longestGap[partition], gap);
        }

        _acked.Enqueue(new AckedRecord(partition, report.Offset.Value, value));
    }
}
