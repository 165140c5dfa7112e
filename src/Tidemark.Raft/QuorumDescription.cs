using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>What DescribeQuorum (55) tells of the quorum; only the leader can.</summary>
/// <param name="HighWatermark">Unknown (-1) until something of the leader's epoch is committed.</param>
public sealed record QuorumDescription(
    BrokerId Leader, LeaderEpoch Epoch, Offset HighWatermark, VoterSet VoterSet, IReadOnlyList<ReplicaDescription> Voters, IReadOnlyList<ReplicaDescription> Observers);

/// <summary>How far a member has got. Times are on the member's monotonic clock; the driver translates them.</summary>
/// <param name="LogEnd">Unknown (-1) when the member has not fetched in this epoch.</param>
/// <param name="LastFetch">Null when the member has not fetched in this epoch. Of the leader itself: now.</param>
/// <param name="LastCaughtUp">When the member last had all that the leader had; null when never in this epoch. Of the leader itself: now.</param>
public sealed record ReplicaDescription(ReplicaKey Key, Offset LogEnd, TimeSpan? LastFetch, TimeSpan? LastCaughtUp);
