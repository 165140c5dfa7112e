using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Producing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Commands.Perf.Latency;

/// <summary>
/// Sends records to one partition with acks=all, one request after another as the library's producer does: a record goes out at once, or, while a request is under
/// way, with all others that wait for its answer.
/// </summary>
internal sealed class PolledProducer : IDisposable
{
    private readonly PolledConnection _connection;
    private readonly TopicPartition _partition;
    private readonly ProducerOptions _options;
    private readonly Queue<byte[]> _waiting = new();
    private readonly RecordBatchBuilder _batch = new();
    private readonly ProduceRequest.PartitionProduceData _data;
    private readonly ProduceRequest _request;
    private long _waitingBytes;

    public PolledProducer(PolledConnection connection, TopicInfo topic, int partition, ProducerOptions options, TimeSpan brokerWait)
    {
        (_connection, _options) = (connection, options);
        _partition = new TopicPartition(topic.Name, partition);
        _data = new ProduceRequest.PartitionProduceData { Index = partition };
        _request = new ProduceRequest
        {
            Acks = options.Acks,
            TimeoutMs = (int)brokerWait.TotalMilliseconds,
            TopicData = [new ProduceRequest.TopicProduceData { Name = topic.Name, TopicId = topic.Id, PartitionData = [_data] }],
        };
    }

    /// <summary>Whether all that was posted is acknowledged.</summary>
    public bool IsFlushed => _waiting.Count == 0 && !_connection.IsAwaitingAnswer;

    /// <summary>Whether another record may be posted, or too much is waiting.</summary>
    public bool HasRoom => _waitingBytes < _options.BufferBytesMax;

    public void Post(byte[] value, long now)
    {
        _waiting.Enqueue(value);
        _waitingBytes += value.Length;
        if (!_connection.IsAwaitingAnswer)
        {
            SendWaiting(now);
        }
    }

    /// <summary>Takes the acknowledgement where it has come, and sends what has waited for it.</summary>
    /// <exception cref="BrokerErrorException">The records were refused.</exception>
    public void Poll(long now)
    {
        if (!_connection.TryReceive(now, out ProduceResponse? response))
        {
            return;
        }

        ProduceResponse.PartitionProduceResponse answer = response.Responses.FirstOrDefault()?.PartitionResponses.FirstOrDefault()
            ?? throw new ClientException($"The broker's answer does not name {_partition}");
        BrokerErrorException.ThrowIfError(answer.ErrorCode, $"Writing to {_partition}", answer.RecordErrors.FirstOrDefault()?.BatchIndexErrorMessage ?? answer.ErrorMessage);
        if (_waiting.Count > 0)
        {
            SendWaiting(now);
        }
    }

    public void Dispose() => _batch.Dispose();

    private void SendWaiting(long now)
    {
        _batch.Reset(RecordBatchOptions.Default);
        long timestampMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        while (_waiting.TryPeek(out byte[]? value) && (_batch.Count == 0 || _batch.PlainSize + value.Length <= _options.BatchBytesMax))
        {
            _batch.Append(timestampMs, RecordBytes.Null, value);
            _waitingBytes -= _waiting.Dequeue().Length;
        }

        _data.Records = _batch.Build();
        _connection.Send(_request, now);
    }
}
