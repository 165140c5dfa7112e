using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer;

/// <summary>What may be done with the group's offsets and with the group.</summary>
public sealed partial record ConsumerGroup
{
    /// <summary>Members of the consumer protocol have to commit with at least this version, which can tell an epoch that is stale.</summary>
    private const short CommitVersionMin = 9;

    private const int NoGeneration = -1;

    public string Kind => "consumer";

    public string ProtocolType => "consumer";

    public bool IsEmpty => Members.IsEmpty;

    /// <summary>Each offset's own time counts: an empty group has no mark of when it became so.</summary>
    public long? UnusedSinceMs => null;

    public ErrorCode CheckCommit(string member, string? instance, int generation, bool isTransactional, short apiVersion)
    {
        // Tools, and consumers that assign themselves, commit without an epoch while nobody is a member.
        if (generation < 0 && IsEmpty)
        {
            return ErrorCode.None;
        }

        // So do producers of before KIP-447, which know no members, whoever there is.
        if (isTransactional && generation == NoGeneration && member.Length == 0 && instance is null)
        {
            return ErrorCode.None;
        }

        if (Members.GetValueOrDefault(member) is not { } known)
        {
            return ErrorCode.UnknownMemberId;
        }

        return !isTransactional && known.Classic is null && apiVersion < CommitVersionMin ? ErrorCode.UnsupportedVersion
            : generation > known.Epoch ? StaleFor(known)
            : ErrorCode.None;
    }

    /// <summary>
    /// Whether a member whose commit <see cref="CheckCommit"/> lets pass may commit this partition: in its own epoch any, in an older one what it has had since
    /// then without a break (KIP-1251). If one partition of a request may not, none is committed.
    /// </summary>
    public ErrorCode CheckCommitOf(string member, int generation, CoordinatorTopic topic, int partition) =>
        Members.GetValueOrDefault(member) is not { } known || generation == known.Epoch || (generation < 0 && IsEmpty) ? ErrorCode.None
        : known.Assigned.EpochOf(topic.Id, partition) is { } since && since <= generation ? ErrorCode.None
        : StaleFor(known);

    public ErrorCode CheckFetch(string? member, int epoch) =>
        member is null && epoch < 0 ? ErrorCode.None
        : member is null || Members.GetValueOrDefault(member) is not { } known ? ErrorCode.UnknownMemberId
        : epoch == known.Epoch ? ErrorCode.None
        : StaleFor(known);

    public ErrorCode CheckOffsetDelete() => ErrorCode.None;

    public ErrorCode CheckDelete() => IsEmpty ? ErrorCode.None : ErrorCode.NonEmptyGroup;

    private static ErrorCode StaleFor(ConsumerMember member) => member.Classic is null ? ErrorCode.StaleMemberEpoch : ErrorCode.IllegalGeneration;
}
