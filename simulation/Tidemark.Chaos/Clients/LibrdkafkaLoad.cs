using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Clients;

/// <summary>An idempotent acks=all producer as applications use it, at a steady pace, that is never told to give up.</summary>
internal sealed class LibrdkafkaLoad : IDisposable
{
    private const string Name = "librdkafka";
    private const int InFlightMax = 10_000;
    private readonly LoadedTopic _topic;
    private readonly SharedHistory _history;
    private readonly TimeSpan _pace;
    private readonly IProducer<Null, byte[]> _producer;
    private readonly SemaphoreSlim _free = new(InFlightMax);
    private readonly long[] _lastAnswers;
    private long _longestGap;
    private long _count;

    public LibrdkafkaLoad(string bootstrap, LoadedTopic topic, SharedHistory history, LibrdkafkaLog log, TimeSpan pace)
    {
        (_topic, _history, _pace) = (topic, history, pace);
        _lastAnswers = [.. Enumerable.Repeat(Stopwatch.GetTimestamp(), topic.Partitions)];
        ProducerConfig configuration = new()
        {
            BootstrapServers = bootstrap,
            ClientId = Name,
            EnableIdempotence = true,
            Acks = Acks.All,
            LingerMs = 1,
            MessageTimeoutMs = 0,
            SocketTimeoutMs = 10_000,
            RequestTimeoutMs = 5000,
            Debug = LibrdkafkaLog.Area,
        };
        _producer = new ProducerBuilder<Null, byte[]>(configuration)
            .SetLogHandler((_, line) => log.Add(line))
            .SetErrorHandler((_, error) =>
            {
                if (error.IsFatal)
                {
                    _history.Break("13 an idempotent producer goes on", $"librdkafka gave up: {error.Code}, {error.Reason}");
                }
            })
            .Build();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(_pace);
        while (!stop.IsCancellationRequested)
        {
            for (int partition = 0; partition < _topic.Partitions; partition++)
            {
                await _free.WaitAsync(CancellationToken.None);
                string value = $"{Name}:{++_count}";
                WriteAttempt write = _history.Begin(Name, _topic.Partition(partition), [value], -1, isIdempotent: true);
                Message<Null, byte[]> message = new() { Value = Encoding.ASCII.GetBytes(value) };
                _producer.Produce(new TopicPartition(_topic.Name, partition), message, report => Delivered(report, write));
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>Waits for the answers that are still due.</summary>
    public void Finish(TimeSpan within)
    {
        if (_producer.Flush(within) is var open and > 0)
        {
            _history.Break("18 every write is resolved", $"{open} records of librdkafka were not answered within {within.TotalSeconds} s after all was healed");
        }
    }

    /// <summary>The longest time in which a partition acknowledged nothing, since this was asked last.</summary>
    public TimeSpan TakeLongestGap()
    {
        long now = Stopwatch.GetTimestamp();
        long longest = Interlocked.Exchange(ref _longestGap, 0);
        foreach (ref long last in _lastAnswers.AsSpan())
        {
            longest = Math.Max(longest, now - Volatile.Read(ref last));
        }

        return Stopwatch.GetElapsedTime(0, longest);
    }

    public void Dispose()
    {
        _producer.Dispose();
        _free.Dispose();
    }

    private void Delivered(DeliveryReport<Null, byte[]> report, WriteAttempt write)
    {
        if (report.Error.IsError)
        {
            _history.Break("13 an idempotent producer goes on", $"librdkafka could not deliver {write.Values[0]} to {write.Partition}: {report.Error.Code}, {report.Error.Reason}");
        }
        else
        {
            if (report.Offset.Value >= 0)
            {
                _history.Acknowledged(write, report.Offset.Value);
            }

            long now = Stopwatch.GetTimestamp();
            long gap = now - Interlocked.Exchange(ref _lastAnswers[write.Partition.Index], now);
            for (long known = Volatile.Read(ref _longestGap); gap > known && Interlocked.CompareExchange(ref _longestGap, gap, known) != known; known = Volatile.Read(ref _longestGap))
            {
            }
        }

        _free.Release();
    }
}
