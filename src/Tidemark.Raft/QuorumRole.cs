using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// What a member of the quorum is at the moment. The transitions of a quorum with one voter:
/// <list type="bullet">
/// <item>Unattached to Candidate: at the start, in the epoch after the last one known.</item>
/// <item>Candidate to Leader: as soon as the own vote is on the disk, since it is the majority.</item>
/// <item>Leader to Resigned: when the node stops.</item>
/// </list>
/// </summary>
public abstract record QuorumRole(LeaderEpoch Epoch);

/// <summary>Knows an epoch and no leader.</summary>
public sealed record Unattached(LeaderEpoch Epoch) : QuorumRole(Epoch);

/// <summary>Stands for election. It leads only when its own vote is durable.</summary>
public sealed record Candidate(LeaderEpoch Epoch) : QuorumRole(Epoch);

/// <summary>Leads. What it appends is committed when a majority has it on the disk, and never before something of its own epoch is.</summary>
/// <param name="EpochStart">The log's end when it was elected: the place of its LeaderChange record.</param>
public sealed record Leader(LeaderEpoch Epoch, Offset EpochStart) : QuorumRole(Epoch);

/// <summary>Led, and stops.</summary>
public sealed record Resigned(LeaderEpoch Epoch) : QuorumRole(Epoch);
