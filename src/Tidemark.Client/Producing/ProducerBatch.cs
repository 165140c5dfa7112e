using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Client.Producing;

/// <summary>Records of one partition that go out together.</summary>
internal sealed class ProducerBatch(TopicPartition partition, RecordBatchOptions options) : IDisposable
{
    private readonly RecordBatchBuilder _builder = new(options);
    private readonly List<Action<Delivery>?> _whenDone = [];
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _budgetBytes;

    public int Count => _builder.Count;

    public int PlainSize => _builder.PlainSize;

    /// <summary>Completes when no record will be added.</summary>
    public Task Closed => _closed.Task;

    public void Append(in ProducerRecord record, long timestampMs, int budgetBytes, Action<Delivery>? whenDone)
    {
        _builder.Append(timestampMs, record.Key, record.Value, record.Headers);
        _whenDone.Add(whenDone);
        _budgetBytes += budgetBytes;
    }

    public void Close() => _closed.TrySetResult();

    /// <summary>The encoded batch, valid until the disposal.</summary>
    public ReadOnlyMemory<byte> Build() => _builder.Build();

    /// <summary>Tells every record's caller; answers the bytes that are no longer on their way.</summary>
    public int Complete(long baseOffset, ClientException? error)
    {
        for (int i = 0; i < _whenDone.Count; i++)
        {
            _whenDone[i]?.Invoke(new Delivery(partition, error is null && baseOffset >= 0 ? baseOffset + i : -1, error));
        }

        return _budgetBytes;
    }

    public void Dispose() => _builder.Dispose();
}
