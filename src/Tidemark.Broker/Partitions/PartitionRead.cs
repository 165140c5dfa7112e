using Tidemark.Primitives;
using Tidemark.Replication;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>A read of one partition by a consumer or, with <see cref="Follower"/>, by a replica.</summary>
/// <param name="Epoch">The leader epoch that the reader believes in; unknown is "does not say".</param>
/// <param name="LastFetchedEpoch">The epoch of the last record it has, to find out that its log diverged; unknown is "does not say".</param>
/// <param name="MayReadAtFollower">The consumer knows that a follower may serve it (Fetch v11, KIP-392).</param>
/// <param name="Rack">Where the consumer stands; null when it is served here in any case.</param>
public readonly record struct PartitionRead(
    Offset From,
    int MaxBytes,
    bool AtLeastOneBatch,
    bool ReadCommitted,
    LeaderEpoch Epoch,
    LeaderEpoch LastFetchedEpoch,
    FollowerFetch? Follower = null,
    bool MayReadAtFollower = false,
    ReaderRack? Rack = null);

/// <summary>An aborted transaction that a read_committed consumer has to skip.</summary>
public readonly record struct AbortedRange(ProducerId Producer, Offset FirstOffset);

/// <summary>What a read came to. The slice, if any, is the receiver's to dispose.</summary>
public readonly record struct PartitionReadResult(
    ErrorCode Error,
    Offset HighWatermark,
    Offset LastStableOffset,
    Offset LogStart,
    LogSlice? Slice = null,
    EpochEnd? Diverging = null,
    IReadOnlyList<AbortedRange>? Aborted = null)
{
    public int Bytes => Slice?.Length ?? 0;

    /// <summary>For a replica's read: the log's end when it was read.</summary>
    public Offset LogEnd { get; init; } = Offset.Unknown;

    /// <summary>The replica that the consumer is to ask instead; nothing was read here.</summary>
    public BrokerId? PreferredReplica { get; init; }

    public static PartitionReadResult Failed(ErrorCode error) => new(error, Offset.Unknown, Offset.Unknown, Offset.Unknown);
}
