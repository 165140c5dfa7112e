namespace Tidemark.Coordination.Classic;

/// <summary>A protocol that a member offers: an assignment strategy of consumers, for example.</summary>
/// <param name="Metadata">What the member says to the leader under this protocol.</param>
public sealed record ClassicProtocol(string Name, ReadOnlyMemory<byte> Metadata);

/// <summary>How long a member is waited for.</summary>
/// <param name="SessionMs">Between two heartbeats.</param>
/// <param name="RebalanceMs">In a rebalance.</param>
public readonly record struct MemberTimeouts(int SessionMs, int RebalanceMs);

/// <summary>A member of a classic group. All of it but the answers it waits for stands in the group's record.</summary>
public sealed class ClassicMember(
    string id,
    string? instanceId,
    GroupClient client,
    IReadOnlyList<ClassicProtocol> protocols,
    MemberTimeouts timeouts,
    ReadOnlyMemory<byte> assignment = default)
{
    public string Id { get; } = id;

    /// <summary>The <c>group.instance.id</c> of a static member (KIP-345).</summary>
    public string? InstanceId { get; } = instanceId;

    public GroupClient Client { get; } = client;

    /// <summary>In the order in which the member would rather have them.</summary>
    public IReadOnlyList<ClassicProtocol> Protocols { get; internal set; } = protocols;

    public MemberTimeouts Timeouts { get; internal set; } = timeouts;

    public ReadOnlyMemory<byte> Assignment { get; internal set; } = assignment;

    /// <summary>Never got through a rebalance: it cannot heartbeat, so its session runs even while it waits for an answer.</summary>
    public bool IsNew { get; internal set; }

    /// <summary>The request to join that waits for its answer.</summary>
    public long? JoinTicket { get; internal set; }

    /// <summary>The request for the assignment that waits for its answer.</summary>
    public long? SyncTicket { get; internal set; }

    /// <summary>Who waits for an answer of ours cannot heartbeat meanwhile.</summary>
    internal bool IsHeldByUs => !IsNew && (JoinTicket is not null || SyncTicket is not null);

    /// <summary>What the member says under a protocol; nothing when it does not offer it.</summary>
    public ReadOnlyMemory<byte> MetadataOf(string? protocol)
    {
        foreach (ClassicProtocol offered in Protocols)
        {
            if (offered.Name == protocol)
            {
                return offered.Metadata;
            }
        }

        return default;
    }

    internal bool Offers(IReadOnlyList<ClassicProtocol> others)
    {
        bool same = Protocols.Count == others.Count;
        for (int i = 0; same && i < others.Count; i++)
        {
            same = Protocols[i].Name == others[i].Name && Protocols[i].Metadata.Span.SequenceEqual(others[i].Metadata.Span);
        }

        return same;
    }
}
