using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>Whom a request goes to.</summary>
/// <param name="Node">None (-1) for one of the bootstrap servers; the driver takes another each time.</param>
public sealed record QuorumPeer(BrokerId Node, IReadOnlyList<VoterEndpoint> Endpoints)
{
    /// <summary>One of <c>controller.quorum.bootstrap.servers</c>, whoever that is.</summary>
    public static QuorumPeer Bootstrap { get; } = new(BrokerId.None, []);
}

/// <summary>Ties an answer to the request that it belongs to. Never used twice while a member runs.</summary>
public readonly record struct RequestId(long Value)
{
    public override string ToString() => $"#{Value}";
}

/// <summary>Ties the outcome of a change of voters to whoever asked for it. The driver chooses it.</summary>
public readonly record struct ChangeId(long Value);
