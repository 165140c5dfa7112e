using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>A member of the quorum: its node and the directory of its metadata log. A node whose directory was wiped is another member.</summary>
/// <param name="Directory">Zero where only node ids are known, as in a quorum with fixed voters (KIP-853).</param>
public readonly record struct ReplicaKey(BrokerId Node, Uuid Directory)
{
    /// <summary>True when both may be the same member: a directory that is not known differs from none.</summary>
    public bool Matches(ReplicaKey other) => Node == other.Node && (Directory.IsZero || other.Directory.IsZero || Directory == other.Directory);

    public override string ToString() => Directory.IsZero ? Node.ToString() : $"{Node}:{Directory}";
}

/// <summary>Where a voter listens for the quorum.</summary>
public sealed record VoterEndpoint(string ListenerName, string Host, ushort Port);

/// <summary>A voter as the voters' record names it.</summary>
public sealed record Voter(ReplicaKey Key, IReadOnlyList<VoterEndpoint> Endpoints, short KRaftVersionLowest = 0, short KRaftVersionHighest = 1)
{
    /// <summary>True when the other says the same of the same voter, so that nothing has to be updated.</summary>
    public bool SaysTheSameAs(Voter other) =>
        Key == other.Key && KRaftVersionLowest == other.KRaftVersionLowest && KRaftVersionHighest == other.KRaftVersionHighest
        && Endpoints.ToHashSet().SetEquals(other.Endpoints);
}
