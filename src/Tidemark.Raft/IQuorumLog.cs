using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// What a member reads of its metadata log while it decides. The driver owns the log; it changes only between calls into the member, by the
/// effects that the member asked for and by what the leader appends, so that within one call all answers belong together.
/// </summary>
public interface IQuorumLog
{
    /// <summary>The log's end with the epoch of its last record. Where the log is empty behind a snapshot, the snapshot's end.</summary>
    LogPosition End { get; }

    /// <summary>The first offset that can be read.</summary>
    Offset Start { get; }

    /// <summary>The oldest snapshot; null when there is none. The bootstrap snapshot of a formatted directory (0-0) does not count.</summary>
    LogPosition? OldestSnapshot { get; }

    /// <summary>The newest snapshot; null when there is none. The bootstrap snapshot does not count.</summary>
    LogPosition? NewestSnapshot { get; }

    /// <summary>
    /// The largest epoch in the log that is at most the asked one, with the offset after its last record; for the last epoch and all above it that is
    /// <see cref="End"/>. Null when every record of the log has a larger epoch, or there is none.
    /// </summary>
    LogPosition? EndOfEpoch(LeaderEpoch epoch);
}
