using Tidemark.Records;

namespace Tidemark.Client.Producing;

/// <summary>How records are gathered and sent; Kafka's names in brackets.</summary>
public sealed record ProducerOptions
{
    /// <summary>-1 waits for all in-sync replicas, 1 for the leader, 0 for nobody (<c>acks</c>).</summary>
    public short Acks { get; init; } = -1;

    /// <summary>How batches are compressed (<c>compression.type</c>).</summary>
    public CompressionCodec Codec { get; init; }

    /// <summary>The codec's level; null for its default.</summary>
    public int? Level { get; init; }

    /// <summary>A batch is sent when it has this size before compression (<c>batch.size</c>).</summary>
    public int BatchBytesMax { get; init; } = 128 * 1024;

    /// <summary>How long a batch that is not full waits for more records (<c>linger.ms</c>).</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Whether the broker is to drop repetitions (<c>enable.idempotence</c>). Needs acks of -1.</summary>
    public bool Idempotent { get; init; }

    /// <summary>
    /// Under which name transactions are written, one open at a time and none but this producer's; null for none (<c>transactional.id</c>). Needs acks of -1.
    /// </summary>
    public string? TransactionalId { get; init; }

    /// <summary>A transaction that is open for longer is aborted by its coordinator (<c>transaction.timeout.ms</c>).</summary>
    public TimeSpan TransactionTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of records on their way; beyond it posting waits (<c>buffer.memory</c>).</summary>
    public long BufferBytesMax { get; init; } = 32L << 20;

    /// <summary>How long a record may take before it counts as failed (<c>delivery.timeout.ms</c>).</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
