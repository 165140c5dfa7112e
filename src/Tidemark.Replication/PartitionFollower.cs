using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>
/// A follower of one partition during one leader epoch: what it makes of each answer to its fetches.
///
/// The idea: a follower's log must stay a prefix of its leader's. It names the epoch of its last record with every fetch; a leader whose
/// log went another way answers where they parted, and the follower cuts its own log there before it takes anything. It never cuts by its
/// high watermark, which may be older than what was acknowledged (KIP-101), and it forgets nothing that it learnt under an earlier leader
/// but what the present one contradicts. Each answer is judged against the log as it is now: what was asked for another end, under another
/// epoch or by a fetcher that lost the partition meanwhile is dropped.
///
/// Pure: the log's state comes in with each call and the step to take goes out. The caller serialises the calls.
/// </summary>
public sealed class PartitionFollower(BrokerId leader, LeaderEpoch epoch)
{
    public BrokerId Leader => leader;

    public LeaderEpoch Epoch => epoch;

    /// <summary>
    /// True once the leader said that a later epoch exists: nothing is fetched until metadata tells of it. Every bump makes a new object,
    /// also under the same leader, so that a missed epoch is always followed by a comparison of the logs (KAFKA-7164).
    /// </summary>
    public bool IsFenced { get; private set; }

    /// <summary>What to do about an answer to a fetch.</summary>
    public FollowerStep OnAnswer(in FollowerAnswer answer, in FollowerLog log)
    {
        if (answer.AskedInEpoch != epoch || answer.AskedFrom != log.End)
        {
            return FollowerStep.Ignore;
        }

        switch (answer.Error)
        {
            case ErrorCode.None:
                break;
            case ErrorCode.OffsetOutOfRange:
                return FollowerStep.AskBounds;
            case ErrorCode.FencedLeaderEpoch:
                IsFenced = true;
                return FollowerStep.AwaitMetadata;
            default:
                // The leader does not know of its leadership yet, its disk failed, the topic is new to it: asked again a little later.
                return FollowerStep.Retry;
        }

        if (answer.Diverging is { } parted)
        {
            // The high watermark of this answer is the leader's, of a log that ours is no prefix of (KAFKA-14704).
            return FollowerStep.TruncateTo(EndOfCommonPart(parted, log));
        }

        return FollowerStep.Append(answer.HighWatermark, answer.LogStart);
    }

    /// <summary>The leader told where its log begins and ends, because the fetch was out of its range.</summary>
    public FollowerStep OnBounds(LeaderEpoch askedInEpoch, Offset leaderStart, Offset leaderEnd, in FollowerLog log)
    {
        if (askedInEpoch != epoch)
        {
            return FollowerStep.Ignore;
        }

        if (leaderEnd < log.End)
        {
            return FollowerStep.TruncateTo(leaderEnd);
        }

        // Where the leader begins above our end nothing of ours can be continued; otherwise the logs overlap again by now.
        return leaderStart > log.End ? FollowerStep.RestartAt(leaderStart) : FollowerStep.Retry;
    }

    /// <summary>
    /// The high watermark after an append or a cut: never past the own end, never below the own start. Kafka's goes back to a new leader's, which
    /// knows less until its followers have fetched; here what this replica knew to be committed it still knows, so that the knowledge
    /// outlives leaders that stop one after the other, and reads from a follower do not go back. It goes back with the log only.
    /// </summary>
    public static Offset HighWatermark(Offset own, Offset leaders, in FollowerLog log) =>
        Offset.Max(log.Start, Offset.Min(Offset.Max(own, leaders), log.End));

    /// <summary>
    /// Where the logs may still agree. When the own log knows the leader's epoch both ended it at some point and agree up to the lower of
    /// both. When it does not, it goes back to the end of its next lower epoch, and the next fetch compares again (KIP-279).
    /// </summary>
    private static Offset EndOfCommonPart(EpochEnd leaders, in FollowerLog log)
    {
        if (leaders.Epoch == LeaderEpoch.Unknown || log.Epochs.FindEnd(leaders.Epoch) is not { } own)
        {
            return Offset.Min(leaders.End, log.End);
        }

        return own.Epoch == leaders.Epoch
            ? Offset.Min(Offset.Min(own.End, leaders.End), log.End)
            : Offset.Min(own.End, log.End);
    }
}
