using Tidemark.Primitives;

namespace Tidemark.Coordination.Groups;

/// <summary>A group of any kind, as far as its offsets and the group APIs that serve all kinds are concerned.</summary>
public interface IGroup
{
    string Id { get; }

    /// <summary>Kafka's word for the kind: <c>classic</c>, <c>consumer</c>.</summary>
    string Kind { get; }

    /// <summary>Kafka's word for the state: <c>Empty</c>, <c>Stable</c> and so on.</summary>
    string State { get; }

    /// <summary>What the members speak among each other, <c>consumer</c> or <c>connect</c> for example; empty while only offsets are kept.</summary>
    string ProtocolType => "consumer";

    /// <summary>Whether a member, or somebody outside of it, may commit offsets now. None, or the error for the answer.</summary>
    /// <param name="generation">The generation or the member's epoch; below 0 from somebody who is no member.</param>
    /// <param name="isTransactional">Whether a transaction brings the offsets (KIP-447).</param>
    ErrorCode CheckCommit(string member, string? instance, int generation, bool isTransactional, short apiVersion);

    /// <summary>
    /// Whether a member that <see cref="CheckCommit"/> let pass may commit the offset of this partition: one that is behind its group may still commit what
    /// it has had since its own epoch.
    /// </summary>
    ErrorCode CheckCommitOf(string member, int generation, CoordinatorTopic topic, int partition) => ErrorCode.None;

    /// <summary>A member committed offsets, by which it shows that it lives.</summary>
    void OnCommit(string member, ShardTime now)
    {
    }

    /// <summary>Whether offsets may be fetched by whom the request names; it may name nobody.</summary>
    ErrorCode CheckFetch(string? member, int epoch);

    /// <summary>Whether offsets of the group may be deleted at all now.</summary>
    ErrorCode CheckOffsetDelete();

    /// <summary>Whether the group may be deleted.</summary>
    ErrorCode CheckDelete();

    /// <summary>True while members read the topic, so that its offsets are neither deleted nor expire.</summary>
    bool IsSubscribedTo(string topic);

    /// <summary>Since when, in Unix milliseconds, nobody uses the group's offsets; null while somebody does, or when each offset's own time counts.</summary>
    long? UnusedSinceMs { get; }

    /// <summary>False while nobody can say which topics the members read, or they are about to change: then no offset expires.</summary>
    bool OffsetsExpire => true;

    /// <summary>True when no member is left, so that offsets that nobody reads any more may expire.</summary>
    bool IsEmpty { get; }
}
