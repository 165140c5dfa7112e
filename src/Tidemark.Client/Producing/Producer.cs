using System.Collections.Concurrent;
using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Client.Producing;

/// <summary>Writes records to a cluster: gathers them in batches by partition and tells of each what became of it.</summary>
public sealed partial class Producer(ClusterClient cluster, ProducerOptions options) : IAsyncDisposable
{
    /// <summary>What a record takes beside its key and value, roughly.</summary>
    private const int RecordOverhead = 64;

    private readonly ConcurrentDictionary<TopicPartition, PartitionSender> _senders = new();
    private readonly ConcurrentDictionary<string, int> _stickyPartitions = new();
    private readonly ByteBudget _budget = new(options.BufferBytesMax);
    private readonly SemaphoreSlim _initialising = new(1);
    private ProducerId _producerId = ProducerId.None;
    private short _producerEpoch = -1;
    private int _turn = Environment.TickCount & 0xFFFF;

    /// <summary>
    /// Takes a record over, waiting while too much is on its way. <paramref name="whenDone"/> is called on another thread; it must
    /// not block.
    /// </summary>
    /// <exception cref="BrokerErrorException">The topic or the partition does not exist.</exception>
    public async ValueTask PostAsync(ProducerRecord record, Action<Delivery>? whenDone = null, CancellationToken cancellation = default)
    {
        if (!cluster.Metadata.Topics.TryGetValue(record.Topic, out TopicInfo? topic) || topic.Error != ErrorCode.None)
        {
            topic = await cluster.TopicAsync(record.Topic, allowAutoCreation: true, cancellation);
        }

        if ((options.Idempotent || IsTransactional) && _producerId == ProducerId.None)
        {
            await InitialiseAsync(cancellation);
        }

        int partition = record.Partition ?? Choose(record, topic);
        _ = topic.Partition(partition);
        if (IsTransactional)
        {
            await JoinTransactionAsync(new TopicPartition(record.Topic, partition), cancellation);
            whenDone = Watched(whenDone);
        }

        int bytes = RecordOverhead + (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
        Task room = _budget.EnterAsync(bytes);
        if (!room.IsCompleted)
        {
            await room;
        }

        var key = new TopicPartition(record.Topic, partition);
        if (!_senders.TryGetValue(key, out PartitionSender? sender))
        {
            sender = _senders.GetOrAdd(key, new PartitionSender(cluster, options, key, _producerId, _producerEpoch, _budget));
        }

        bool filled = sender.Append(record, record.TimestampMs ?? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), bytes, whenDone);
        if (filled && record.Partition is null && record.Key is null)
        {
            _stickyPartitions.TryRemove(record.Topic, out _);
        }
    }

    /// <summary>Writes one record and waits until it is acknowledged.</summary>
    /// <returns>The record's offset, -1 with acks=0.</returns>
    /// <exception cref="ClientException">It was not written, or nobody knows.</exception>
    public async Task<Delivery> SendAsync(ProducerRecord record, CancellationToken cancellation = default)
    {
        var done = new TaskCompletionSource<Delivery>(TaskCreationOptions.RunContinuationsAsynchronously);
        await PostAsync(record, done.SetResult, cancellation);
        Delivery delivery = await done.Task.WaitAsync(cancellation);
        return delivery.Error is null ? delivery : throw delivery.Error;
    }

    /// <summary>Asks for the producer id, which fences others of the same transactional id. Posting does that too, before the first record.</summary>
    public async Task InitialiseAsync(CancellationToken cancellation)
    {
        await _initialising.WaitAsync(cancellation);
        try
        {
            if (_producerId != ProducerId.None)
            {
                return;
            }

            // A broker that has just started may have to wait for its first block of ids.
            InitProducerIdResponse response = await cluster.RetryAsync(() => AskForProducerIdAsync(cancellation), asked => asked.ErrorCode.IsRetriable(), cancellation);
            BrokerErrorException.ThrowIfError(response.ErrorCode, IsTransactional ? $"Beginning as transactional id {options.TransactionalId}" : "Asking for a producer id", DetailOf(response.ErrorCode));
            _producerEpoch = response.ProducerEpoch;
            _producerId = new ProducerId(response.ProducerId);
        }
        finally
        {
            _initialising.Release();
        }
    }

    /// <summary>Sends what has been posted without waiting for batches to fill, and completes when all of it is done.</summary>
    public Task FlushAsync() => Task.WhenAll(_senders.Values.Select(sender => sender.FlushAsync()));

    public async ValueTask DisposeAsync() => await FlushAsync();

    private string? DetailOf(ErrorCode refused) => refused == ErrorCode.InvalidTransactionTimeout
        ? $"{options.TransactionTimeout.TotalSeconds:0.###} s is longer than the brokers' transaction.max.timeout.ms allows"
        : null;

    /// <summary>By the key; without one all records of a topic go to one partition until a batch is full, so that batches fill.</summary>
    private int Choose(in ProducerRecord record, TopicInfo topic)
    {
        int count = topic.Partitions.Count;
        return record.Key is { } key
            ? Murmur2.PartitionOf(key, count)
            : _stickyPartitions.GetOrAdd(record.Topic, _ => (Interlocked.Increment(ref _turn) & int.MaxValue) % count) % count;
    }
}
