namespace Tidemark.Coordination.Consumer;

/// <summary>What a member that speaks the classic protocol in a consumer group brought along.</summary>
/// <param name="Protocols">Its protocols with their metadata, in its order.</param>
public sealed record ClassicProtocols(int SessionTimeoutMs, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Metadata)> Protocols)
{
    public bool Equals(ClassicProtocols? other) =>
        other is not null
        && SessionTimeoutMs == other.SessionTimeoutMs
        && Protocols.Count == other.Protocols.Count
        && Protocols.Zip(other.Protocols).All(p => p.First.Name == p.Second.Name && p.First.Metadata.Span.SequenceEqual(p.Second.Metadata.Span));

    public override int GetHashCode() => HashCode.Combine(SessionTimeoutMs, Protocols.Count);
}

/// <summary>A member of a consumer group: what it said about itself, and what it has. Immutable.</summary>
public sealed record ConsumerMember(string Id)
{
    /// <summary>The epoch of a member that leaves for good.</summary>
    public const int LeaveEpoch = -1;

    /// <summary>The epoch of a static member that will be back (KIP-345).</summary>
    public const int LeaveForAWhileEpoch = -2;

    public int Epoch { get; init; }

    /// <summary>The epoch before, with which a member may still come whose answer was lost.</summary>
    public int PreviousEpoch { get; init; }

    public MemberState State { get; init; }

    public string? InstanceId { get; init; }

    public string? RackId { get; init; }

    public string ClientId { get; init; } = "";

    public string ClientHost { get; init; } = "";

    /// <summary>In ordinal order, each once.</summary>
    public IReadOnlyList<string> TopicNames { get; init; } = [];

    /// <summary>Empty when it subscribes to no expression.</summary>
    public string TopicRegex { get; init; } = "";

    public int RebalanceTimeoutMs { get; init; } = -1;

    /// <summary>The assignor it wants, if it wants one.</summary>
    public string? ServerAssignor { get; init; }

    /// <summary>Set while the member speaks the classic protocol.</summary>
    public ClassicProtocols? Classic { get; init; }

    /// <summary>What it has.</summary>
    public OwnedPartitions Assigned { get; init; } = OwnedPartitions.Empty;

    /// <summary>What it was told to give up and has not yet.</summary>
    public OwnedPartitions Revoking { get; init; } = OwnedPartitions.Empty;

    /// <summary>Whether nothing is left to do for the member until the next target.</summary>
    public bool IsReconciledTo(int assignmentEpoch) => State == MemberState.Stable && Epoch == assignmentEpoch;

    /// <summary>The next state; the epoch it had becomes the one before.</summary>
    public ConsumerMember MovedTo(int epoch, MemberState state, OwnedPartitions assigned, OwnedPartitions revoking) =>
        this with { PreviousEpoch = Epoch, Epoch = epoch, State = state, Assigned = assigned, Revoking = revoking };

    public bool HasSameSubscription(ConsumerMember other) => TopicNames.SequenceEqual(other.TopicNames, StringComparer.Ordinal);

    /// <summary>Whether the part that <c>ConsumerGroupMemberMetadata</c> keeps is the same.</summary>
    public bool HasSameMetadata(ConsumerMember other) =>
        InstanceId == other.InstanceId
        && RackId == other.RackId
        && ClientId == other.ClientId
        && ClientHost == other.ClientHost
        && TopicRegex == other.TopicRegex
        && RebalanceTimeoutMs == other.RebalanceTimeoutMs
        && ServerAssignor == other.ServerAssignor
        && Equals(Classic, other.Classic)
        && HasSameSubscription(other);

    /// <summary>Whether the part that <c>ConsumerGroupCurrentMemberAssignment</c> keeps is the same.</summary>
    public bool HasSameProgress(ConsumerMember other) =>
        Epoch == other.Epoch
        && PreviousEpoch == other.PreviousEpoch
        && State == other.State
        && Assigned.Equals(other.Assigned)
        && Revoking.Equals(other.Revoking);
}
