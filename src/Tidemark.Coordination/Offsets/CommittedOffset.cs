using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Offsets;

/// <summary>How far a group has read a partition, as it was committed.</summary>
/// <param name="Sequence">Numbers the commits in the order of the log: of two for one partition the later counts, whichever was in a transaction.</param>
/// <param name="ExpireMs">When it expires, in Unix milliseconds, where the commit said so (versions 2 to 4 of the request); otherwise -1.</param>
/// <param name="TopicId">The topic that was meant by the name; zero in records of old.</param>
public sealed record CommittedOffset(
    long Offset, int LeaderEpoch, string Metadata, long CommitMs, long ExpireMs, Uuid TopicId, long Sequence)
{
    /// <summary>The version that can say when the offset expires; later ones leave that to the broker's configuration.</summary>
    private const short ExpiringVersion = 1;

    /// <summary>The version that names the topic's id.</summary>
    private const short TopicIdVersion = 4;

    internal static CommittedOffset Of(OffsetCommitValue value, long sequence) => new(
        value.Offset, value.LeaderEpoch, value.Metadata, value.CommitTimestamp, value.ExpireTimestamp, value.TopicId, sequence);

    internal static CommittedOffset Of(LegacyOffsetCommitValue value, long sequence) => new(
        value.Offset, -1, value.Metadata, value.CommitTimestamp, -1, Uuid.Zero, sequence);

    /// <summary>True when the offset was committed for a topic that had the name before.</summary>
    internal bool IsOfAnotherTopic(Uuid id) => !TopicId.IsZero && !id.IsZero && TopicId != id;

    internal static CoordinatorRecord Record(string group, string topic, int partition, OffsetCommitValue value) => new(
        new OffsetCommitKey { Group = group, Topic = topic, Partition = partition },
        value,
        value.ExpireTimestamp == -1 ? TopicIdVersion : ExpiringVersion);

    internal static CoordinatorRecord Removal(string group, string topic, int partition) =>
        CoordinatorRecord.Tombstone(new OffsetCommitKey { Group = group, Topic = topic, Partition = partition });
}
