using Tidemark.Primitives;

namespace Tidemark.Client.Groups;

/// <summary>A group in a list of them.</summary>
public sealed record ListedGroup(string Group, string Kind, string State, string ProtocolType, BrokerId Coordinator);

/// <summary>A group and its members.</summary>
/// <param name="Kind">Kafka's word: <c>classic</c> or <c>consumer</c>.</param>
/// <param name="Assignor">How partitions are dealt out: the protocol that the members of a classic group agreed on, or the assignor of the coordinator.</param>
/// <param name="Epoch">The epoch of a group of the consumer protocol.</param>
/// <param name="AssignmentEpoch">The epoch of its target assignment; lower than <paramref name="Epoch"/> while one is to be made.</param>
/// <param name="Note">What the coordinator says of it beside: why it rebalanced last.</param>
public sealed record GroupDescription(
    string Group,
    string Kind,
    string State,
    BrokerId Coordinator,
    string Assignor,
    int? Epoch,
    int? AssignmentEpoch,
    string? Note,
    IReadOnlyList<GroupMemberDescription> Members);

/// <summary>A member of a group.</summary>
/// <param name="Epoch">Its epoch, in a group of the consumer protocol.</param>
/// <param name="Target">What it is to have, where the coordinator moves it towards that.</param>
public sealed record GroupMemberDescription(
    string Id, string? Instance, string Client, string Host, int? Epoch, IReadOnlyList<TopicPartition> Assigned, IReadOnlyList<TopicPartition>? Target);

/// <summary>How far a group has read a partition.</summary>
public readonly record struct GroupOffset(long Offset, int LeaderEpoch, string Metadata);
