using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>Why a request is not served.</summary>
internal sealed record ConsumerRefusal(ErrorCode Error, string Message)
{
    public ConsumerGroupHeartbeatResponse ToHeartbeat() => new() { ErrorCode = Error, ErrorMessage = Told.Short(Message), MemberId = null, Assignment = null };

    /// <summary><c>group.coordinator.rebalance.protocols</c> leaves out the consumer protocol, or the feature group.version is 0.</summary>
    public static ConsumerRefusal NotServed { get; } = new(ErrorCode.UnsupportedVersion, "The consumer protocol is not served here: group.coordinator.rebalance.protocols has to name it, and the cluster's feature group.version has to be 1.");

    public static ConsumerRefusal Invalid(string message) => new(ErrorCode.InvalidRequest, message);

    /// <summary>What a heartbeat lacks or has wrong on its own, whatever the group; null when nothing.</summary>
    public static ConsumerRefusal? Of(ConsumerGroupHeartbeatRequest request, short version, IReadOnlyList<string> assignors)
    {
        // Version 1 has clients make their ids.
        const short ClientsMakeIdsFrom = 1;
        if (IsBlank(request.GroupId))
        {
            return Invalid("The group id is empty.");
        }

        if (IsBlank(request.InstanceId))
        {
            return Invalid("The instance id is empty; without one it has to be null.");
        }

        if (IsBlank(request.RackId))
        {
            return Invalid("The rack id is empty; without one it has to be null.");
        }

        if (IsBlank(request.MemberId) && (version >= ClientsMakeIdsFrom || request.MemberEpoch != 0))
        {
            return Invalid("The member id is empty.");
        }

        ConsumerRefusal? refusal = request.MemberEpoch switch
        {
            0 when request.RebalanceTimeoutMs == -1 => Invalid("A member that joins has to name its rebalance timeout."),
            0 when request.TopicPartitions is not { Count: 0 } => Invalid("A member that joins has to say that it owns no partitions, with an empty list."),
            0 when request.SubscribedTopicNames is null && request.SubscribedTopicRegex is null => Invalid("A member that joins has to subscribe to topics, by names or by a regular expression."),
            ConsumerMember.LeaveForAWhileEpoch when request.InstanceId is null => Invalid($"Only a static member may leave with epoch {ConsumerMember.LeaveForAWhileEpoch}, and the instance id is null."),
            < ConsumerMember.LeaveForAWhileEpoch => Invalid($"The member epoch {request.MemberEpoch} is none: from {ConsumerMember.LeaveForAWhileEpoch} up they have a meaning."),
            _ => null,
        };
        return refusal ?? (request.ServerAssignor is { } assignor && !assignors.Contains(assignor, StringComparer.Ordinal)
            ? new ConsumerRefusal(ErrorCode.UnsupportedAssignor, $"The assignor `{assignor}` is not supported; there are: {string.Join(", ", assignors)}.")
            : null);
    }

    /// <summary>As Java's trim has it: what goes up to the space is no text.</summary>
    private static bool IsBlank(string? text) => text is not null && text.AsSpan().IndexOfAnyExceptInRange('\0', ' ') < 0;
}
