using Tidemark.Primitives;

namespace Tidemark.Storage.Logs;

/// <summary>What became of an append.</summary>
/// <param name="Error">None, or why nothing was appended.</param>
/// <param name="First">The first record's offset; of the original for a duplicate.</param>
/// <param name="Last">The last record's offset; of the original for a duplicate.</param>
/// <param name="End">The log end offset afterwards.</param>
/// <param name="Duplicate">Nothing was appended because the same batch stands in the log already; it is answered like the first time.</param>
/// <param name="DuplicateTimestamp">The original batch's timestamp; -1 otherwise.</param>
public readonly record struct AppendResult(
    ErrorCode Error, Offset First, Offset Last, Offset End, bool Duplicate = false, long DuplicateTimestamp = -1)
{
    internal static AppendResult Refused(ErrorCode error, Offset end) => new(error, Offset.Unknown, Offset.Unknown, end);
}

/// <summary>A record found by its time.</summary>
public readonly record struct TimestampedOffset(long Timestamp, Offset Offset, LeaderEpoch Epoch);
