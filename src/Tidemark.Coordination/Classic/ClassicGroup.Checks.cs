using Tidemark.Primitives;

namespace Tidemark.Coordination.Classic;

/// <summary>What may be done with the group's offsets and with the group.</summary>
public sealed partial class ClassicGroup
{
    public bool IsEmpty => Phase == ClassicState.Empty;

    public long? UnusedSinceMs => IsEmpty && ProtocolType is not null ? SinceMs : null;

    public bool OffsetsExpire =>
        IsEmpty || ProtocolType is null || (ProtocolType == ConsumerProtocolType && Topics is not null && Phase == ClassicState.Stable);

    public ErrorCode CheckCommit(string member, string? instance, int generation, bool isTransactional, short apiVersion)
    {
        // Tools, and consumers that assign themselves, commit without a generation while nobody is a member.
        if (generation < 0 && IsEmpty)
        {
            return ErrorCode.None;
        }

        if (generation >= 0 || member.Length > 0 || instance is not null)
        {
            ErrorCode error = CheckMember(member, instance);
            if (error != ErrorCode.None)
            {
                return error;
            }

            if (generation != Generation)
            {
                return ErrorCode.IllegalGeneration;
            }
        }
        else if (!isTransactional && !IsEmpty)
        {
            return ErrorCode.UnknownMemberId;
        }

        return !isTransactional && Phase == ClassicState.CompletingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    public ErrorCode CheckFetch(string? member, int epoch) => ErrorCode.None;

    public ErrorCode CheckOffsetDelete() =>
        IsEmpty || ProtocolType == ConsumerProtocolType ? ErrorCode.None : ErrorCode.NonEmptyGroup;

    public ErrorCode CheckDelete() => IsEmpty ? ErrorCode.None : ErrorCode.NonEmptyGroup;

    public bool IsSubscribedTo(string topic) => Topics?.Contains(topic) ?? ProtocolType == ConsumerProtocolType;
}
