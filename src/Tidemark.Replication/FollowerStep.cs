using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>Looks up where epochs end in a log.</summary>
public interface IEpochHistory
{
    /// <summary>The largest epoch that is not above the one asked for and its exclusive end; null when nothing is known of it.</summary>
    EpochEnd? FindEnd(LeaderEpoch asked);
}

/// <summary>A follower's log at the moment that an answer is looked at.</summary>
public readonly record struct FollowerLog(Offset Start, Offset End, IEpochHistory Epochs);

/// <summary>What a leader answered to a follower's fetch.</summary>
/// <param name="AskedInEpoch">The leader epoch that the fetch named.</param>
/// <param name="AskedFrom">The fetch's offset: the follower's log end when it was sent.</param>
/// <param name="Diverging">Where the leader's log parted from the follower's; then there are no records.</param>
public readonly record struct FollowerAnswer(
    LeaderEpoch AskedInEpoch,
    Offset AskedFrom,
    ErrorCode Error,
    Offset HighWatermark,
    Offset LogStart,
    EpochEnd? Diverging = null);

/// <summary>The kinds of <see cref="FollowerStep"/>.</summary>
public enum FollowerAction
{
    /// <summary>The answer belongs to another state of the log or another epoch. Fetch again as things are.</summary>
    Ignore,

    /// <summary>Append the records, if any, take the leader's log start, and then its high watermark.</summary>
    Append,

    /// <summary>Cut the log at the offset, take nothing else from the answer, fetch again at once.</summary>
    Truncate,

    /// <summary>Drop the whole log and begin again at the offset.</summary>
    Restart,

    /// <summary>Ask the leader for its log's start and end (ListOffsets), then call <see cref="PartitionFollower.OnBounds"/>.</summary>
    AskBounds,

    /// <summary>Fetch again after <c>replica.fetch.backoff.ms</c>.</summary>
    Retry,

    /// <summary>Fetch no more in this epoch.</summary>
    AwaitMetadata,
}

/// <summary>What a follower has to do next.</summary>
/// <param name="At">For Truncate and Restart: the offset.</param>
/// <param name="LeaderHighWatermark">For Append: what the leader said, to be clamped into the log after the append.</param>
/// <param name="LeaderLogStart">For Append: where the leader's log begins.</param>
public readonly record struct FollowerStep(FollowerAction Action, Offset At, Offset LeaderHighWatermark, Offset LeaderLogStart)
{
    public static FollowerStep Ignore => Of(FollowerAction.Ignore);

    public static FollowerStep AskBounds => Of(FollowerAction.AskBounds);

    public static FollowerStep Retry => Of(FollowerAction.Retry);

    public static FollowerStep AwaitMetadata => Of(FollowerAction.AwaitMetadata);

    public static FollowerStep TruncateTo(Offset at) => new(FollowerAction.Truncate, at, Offset.Unknown, Offset.Unknown);

    public static FollowerStep RestartAt(Offset at) => new(FollowerAction.Restart, at, Offset.Unknown, Offset.Unknown);

    public static FollowerStep Append(Offset leaderHighWatermark, Offset leaderLogStart) =>
        new(FollowerAction.Append, Offset.Unknown, leaderHighWatermark, leaderLogStart);

    private static FollowerStep Of(FollowerAction action) => new(action, Offset.Unknown, Offset.Unknown, Offset.Unknown);
}
