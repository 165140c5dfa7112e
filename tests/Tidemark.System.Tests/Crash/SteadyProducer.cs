using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;

namespace Tidemark.System.Tests.Crash;

/// <summary>A record that the broker acknowledged; the offset is negative where the client does not know it.</summary>
public readonly record struct AckedRecord(int Partition, long Offset, string Value);

/// <summary>
/// Writes numbered records to all partitions as fast as they are acknowledged, with a bounded number in flight, and goes on through
/// crashes of the broker: what was not acknowledged is sent again by the client.
/// </summary>
public sealed class SteadyProducer : IDisposable
{
    private const int InFlightMax = 1000;
    private const int LinesMax = 12;
    private readonly IProducer<Null, byte[]> _producer;
    private readonly SemaphoreSlim _free = new(InFlightMax);
    private readonly ConcurrentQueue<AckedRecord> _acked = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly int _partitions;
    private int _ackedCount;
    private int _target = int.MaxValue;
    private TaskCompletionSource _reached = new();

    public SteadyProducer(string bootstrap, string topic, int partitions, bool idempotent)
    {
        Topic = topic;
        _partitions = partitions;
        ProducerConfig configuration = new()
        {
            BootstrapServers = bootstrap,
            Acks = Acks.All,
            EnableIdempotence = idempotent,
            MaxInFlight = idempotent ? 5 : 1,
            LingerMs = 1,
            MessageTimeoutMs = 300000,
            MessageSendMaxRetries = int.MaxValue,
            RetryBackoffMs = 50,
            ReconnectBackoffMs = 20,
            ReconnectBackoffMaxMs = 200,
            SocketTimeoutMs = 10000,
        };
        _producer = new ProducerBuilder<Null, byte[]>(configuration)
            .SetLogHandler((_, line) => Keep(line.Message))
            .SetErrorHandler((_, error) =>
            {
                if (error.IsFatal)
                {
                    _errors.Enqueue(error.Reason);
                }
            })
            .Build();
    }

    public string Topic { get; }

    public IReadOnlyCollection<AckedRecord> Acked => _acked;

    /// <summary>Errors that no retry can mend; a broker that forgets what a producer wrote causes them.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    /// <summary>Produces until it is told to stop, then waits until everything is acknowledged.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (int number = 0; !stop.IsCancellationRequested; number++)
        {
            await _free.WaitAsync(CancellationToken.None);
            string value = $"{number}:{new string((char)('a' + (number % 26)), number * 37 % 400)}";
            Message<Null, byte[]> message = new() { Value = Encoding.ASCII.GetBytes(value) };
            _producer.Produce(new TopicPartition(Topic, number % _partitions), message, report => Delivered(report, value));
        }

        _producer.Flush(TimeSpan.FromSeconds(60));
    }

    /// <summary>
    /// Completes when so many more records have been acknowledged, and fails with what is known of the producer when they are not in time.
    /// One may wait at a time.
    /// </summary>
    public async Task AckedMoreAsync(int count, TimeSpan within)
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int before = Volatile.Read(ref _ackedCount);

        // What the one before waited for is reached already, and must not be taken for this one's.
        Volatile.Write(ref _target, int.MaxValue);
        Volatile.Write(ref _reached, reached);
        Volatile.Write(ref _target, before + count);
        try
        {
            await reached.Task.WaitAsync(within);
        }
        catch (TimeoutException)
        {
            Assert.Fail(
                $"{Topic}: {Volatile.Read(ref _ackedCount) - before} of {count} records were acknowledged within {within.TotalSeconds} s after {before} before; "
                + $"{InFlightMax - _free.CurrentCount} in flight; errors: {string.Join("; ", _errors.Take(3))}; the client's last lines: {string.Join("; ", _lines)}");
        }
    }

    public void Dispose()
    {
        _producer.Dispose();
        _free.Dispose();
    }

    private void Keep(string line)
    {
        _lines.Enqueue(line);
        if (_lines.Count > LinesMax)
        {
            _lines.TryDequeue(out _);
        }
    }

    private void Delivered(DeliveryReport<Null, byte[]> report, string value)
    {
        if (report.Error.IsError)
        {
            _errors.Enqueue(report.Error.Reason);
        }
        else
        {
            _acked.Enqueue(new AckedRecord(report.Partition.Value, report.Offset.Value, value));
            if (Interlocked.Increment(ref _ackedCount) >= Volatile.Read(ref _target))
            {
                Volatile.Read(ref _reached).TrySetResult();
            }
        }

        _free.Release();
    }
}
