using Tidemark.Client.Cluster;
using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Client.Producing;

/// <summary>
/// Sends the batches of one partition, one request after another: while one is under way the next fills up, so batches grow with the
/// load, and order and sequence numbers hold without more ado.
/// </summary>
internal sealed class PartitionSender
{
    /// <summary>The last version in which producers add the partitions of a transaction themselves (KIP-890).</summary>
    private const short TransactionalVersionMax = 11;

    private readonly ClusterClient _cluster;
    private readonly ProducerOptions _options;
    private readonly TopicPartition _partition;
    private readonly RecordBatchOptions _batchOptions;
    private readonly ByteBudget _budget;
    private readonly Lock _lock = new();
    private readonly Queue<ProducerBatch> _batches = new();
    private ProducerBatch? _open;
    private Task _sending = Task.CompletedTask;
    private int _nextSequence;

    public PartitionSender(ClusterClient cluster, ProducerOptions options, TopicPartition partition, ProducerId producerId, short producerEpoch, ByteBudget budget)
    {
        (_cluster, _options, _partition, _budget) = (cluster, options, partition, budget);
        _batchOptions = new RecordBatchOptions
        {
            Codec = options.Codec,
            Level = options.Level,
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            IsTransactional = options.TransactionalId is not null,
        };
    }

    /// <summary>Adds a record; true when it filled its batch.</summary>
    public bool Append(in ProducerRecord record, long timestampMs, int budgetBytes, Action<Delivery>? whenDone)
    {
        lock (_lock)
        {
            if (_open is null)
            {
                bool idempotent = _batchOptions.ProducerId != ProducerId.None;
                _open = new ProducerBatch(_partition, idempotent ? _batchOptions with { BaseSequence = _nextSequence } : _batchOptions);
                _batches.Enqueue(_open);
                if (_batches.Count == 1)
                {
                    _sending = Task.Run(SendAllAsync);
                }
            }

            _open.Append(record, timestampMs, budgetBytes, whenDone);
            if (_open.PlainSize < _options.BatchBytesMax)
            {
                return false;
            }

            CloseOpen();
            return true;
        }
    }

    /// <summary>Completes when every record appended so far is delivered or has failed.</summary>
    public Task FlushAsync()
    {
        lock (_lock)
        {
            CloseOpen();
            return _sending;
        }
    }

    private void CloseOpen()
    {
        if (_open is not null)
        {
            _nextSequence = RecordBatchHeader.AddToSequence(_nextSequence, _open.Count);
            _open.Close();
            _open = null;
        }
    }

    private async Task SendAllAsync()
    {
        while (true)
        {
            ProducerBatch batch;
            lock (_lock)
            {
                batch = _batches.Peek();
            }

            if (!batch.Closed.IsCompleted && _options.Linger > TimeSpan.Zero)
            {
                await Task.WhenAny(batch.Closed, Task.Delay(_options.Linger));
            }

            lock (_lock)
            {
                if (batch == _open)
                {
                    CloseOpen();
                }
            }

            long baseOffset = -1;
            ClientException? failure = null;
            try
            {
                baseOffset = await DeliverAsync(batch);
            }
            catch (ClientException error)
            {
                failure = error;
            }

            _budget.Leave(batch.Complete(baseOffset, failure));
            batch.Dispose();
            lock (_lock)
            {
                _batches.Dequeue();
                if (_batches.Count == 0)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Sends a batch, again and again while its errors may pass; answers the first record's offset.</summary>
    private async Task<long> DeliverAsync(ProducerBatch batch)
    {
        ReadOnlyMemory<byte> bytes = batch.Build();
        long start = Environment.TickCount64;
        while (true)
        {
            ClientException failure;
            try
            {
                return await SendOnceAsync(bytes);
            }
            catch (BrokerErrorException error) when (error.Code.IsRetriable())
            {
                failure = error;
            }
            catch (ClientException error) when (error is BrokerUnreachableException or RequestTimedOutException)
            {
                failure = error;
            }

            if (Environment.TickCount64 - start > _options.DeliveryTimeout.TotalMilliseconds)
            {
                throw failure;
            }

            await Task.Delay(_cluster.Options.RetryBackoff);
            await TryRefreshAsync();
        }
    }

    private async Task TryRefreshAsync()
    {
        try
        {
            await _cluster.RefreshOnceAsync([_partition.Topic]);
        }
        catch (ClientException)
        {
            // The next attempt meets the same trouble and reports it.
        }
    }

    private async Task<long> SendOnceAsync(ReadOnlyMemory<byte> bytes)
    {
        BrokerConnection leader = await _cluster.ConnectToLeaderAsync(_partition);
        TimeSpan brokerWait = _cluster.Options.RequestTimeout;
        var request = new ProduceRequest
        {
            TransactionalId = _options.TransactionalId,
            Acks = _options.Acks,
            TimeoutMs = (int)brokerWait.TotalMilliseconds,
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = _partition.Topic,
                    TopicId = _cluster.Metadata.Topics[_partition.Topic].Id,
                    PartitionData = [new ProduceRequest.PartitionProduceData { Index = _partition.Partition, Records = bytes }],
                },
            ],
        };
        if (_options.Acks == 0)
        {
            await leader.SendOneWayAsync(request);
            return -1;
        }

        ProduceResponse response = await leader.SendAsync<ProduceResponse>(
            request, brokerWait, highest: _options.TransactionalId is null ? short.MaxValue : TransactionalVersionMax);
        ProduceResponse.PartitionProduceResponse? answer = response.Responses.FirstOrDefault()?.PartitionResponses.FirstOrDefault();
        if (answer is null)
        {
            throw new ClientException($"The broker's answer does not name {_partition}");
        }

        if (answer.ErrorCode == ErrorCode.DuplicateSequenceNumber)
        {
            return -1;
        }

        string? detail = answer.RecordErrors.Count > 0 ? answer.RecordErrors[0].BatchIndexErrorMessage : answer.ErrorMessage;
        BrokerErrorException.ThrowIfError(answer.ErrorCode, $"Writing to {_partition}", detail ?? answer.ErrorMessage);
        return answer.BaseOffset;
    }
}
