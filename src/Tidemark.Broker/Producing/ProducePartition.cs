using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Producing;

/// <summary>One partition of a produce request, from the wire to its answer.</summary>
internal struct ProducePartition
{
    public int TopicIndex;
    public int PartitionIndex;

    /// <summary>False for null records.</summary>
    public bool HasRecords;

    /// <summary>The batch, in the request's frame; stamped in place.</summary>
    public Memory<byte> Records;

    public bool IsTransactional;

    /// <summary>What the first batch of a transaction is appended with, once its coordinator has agreed.</summary>
    public VerificationGuard? Guard;

    /// <summary>Null when it does not exist here; <see cref="EarlyError"/> then says why.</summary>
    public Partition? Partition;

    public ErrorCode EarlyError;

    public AppendOutcome Outcome;

    /// <summary>Waiting is over for this partition, by commit, refusal or timeout.</summary>
    public bool Decided;
}

/// <summary>One topic of a produce request: by name before version 13, by id from then on.</summary>
internal struct ProduceTopic
{
    public string Name;
    public Uuid Id;
    public bool IsById;
    public TopicPartitions? Topic;
}
