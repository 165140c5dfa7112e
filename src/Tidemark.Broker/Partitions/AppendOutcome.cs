using Tidemark.Primitives;
using Tidemark.Records.Validation;

namespace Tidemark.Broker.Partitions;

/// <summary>What became of a producer's batch at one partition.</summary>
/// <param name="LogAppendTimeMs">-1 unless the broker stamped its own time, or the batch is a duplicate.</param>
/// <param name="LogStart">Unknown where the batch did not get as far as the log.</param>
/// <param name="End">Where the batch ends; what acks=all waits for.</param>
/// <param name="Epoch">The leader epoch in which it was appended: in a later one the same offsets may hold other records.</param>
public readonly record struct AppendOutcome(
    ErrorCode Error,
    Offset BaseOffset,
    long LogAppendTimeMs,
    Offset LogStart,
    Offset End,
    LeaderEpoch Epoch,
    IReadOnlyList<RecordError>? RecordErrors = null,
    string? Message = null)
{
    public static AppendOutcome Failed(ErrorCode error, string? message = null) =>
        new(error, Offset.Unknown, -1, Offset.Unknown, Offset.Unknown, LeaderEpoch.Unknown, null, message);

    /// <summary>Refused by the log itself, which then tells where it starts.</summary>
    public static AppendOutcome Refused(ErrorCode error, Offset logStart) =>
        new(error, Offset.Unknown, -1, logStart, Offset.Unknown, LeaderEpoch.Unknown);
}

/// <summary>Told when a write that waits for all in-sync replicas is decided.</summary>
public interface ICommitListener
{
    /// <param name="slot">The number under which the write was registered.</param>
    void OnCommitted(int slot, ErrorCode error);
}
