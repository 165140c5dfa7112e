using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>A member of the quorum: its node and the directory of its metadata log. A node whose directory was wiped is another member.</summary>
/// <param name="Directory">Zero where only node ids are known, as in a quorum with fixed voters (KIP-853).</param>
public readonly record struct ReplicaKey(BrokerId Node, Uuid Directory);

/// <summary>Where a voter listens for the quorum.</summary>
public sealed record VoterEndpoint(string ListenerName, string Host, ushort Port);

/// <summary>A voter as the voters' record names it.</summary>
public sealed record Voter(ReplicaKey Key, IReadOnlyList<VoterEndpoint> Endpoints, short KRaftVersionLowest = 0, short KRaftVersionHighest = 1);
