using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>Vote (52).</summary>
/// <param name="Candidate">Who wants to be elected.</param>
/// <param name="Epoch">The epoch to lead; of a pre-vote the epoch before it.</param>
/// <param name="End">The end of the candidate's log.</param>
/// <param name="IsPreVote">Asks only whether a vote would be given (KIP-996).</param>
/// <param name="Voter">Whom the candidate means to ask; null where the version lacks it.</param>
public sealed record VoteAsk(ReplicaKey Candidate, LeaderEpoch Epoch, LogPosition End, bool IsPreVote, ReplicaKey? Voter);

/// <summary>BeginQuorumEpoch (53): the leader says that it leads.</summary>
/// <param name="Endpoints">Where the leader listens; empty where the version lacks it, then the voters are known by configuration.</param>
public sealed record BeginEpochAsk(BrokerId Leader, LeaderEpoch Epoch, ReplicaKey? Voter, IReadOnlyList<VoterEndpoint> Endpoints);

/// <summary>EndQuorumEpoch (54): the leader says that it no longer leads.</summary>
/// <param name="PreferredCandidates">The voters, those with the most complete logs first. Version 0 has node ids only: directories are zero.</param>
public sealed record EndEpochAsk(BrokerId Leader, LeaderEpoch Epoch, IReadOnlyList<ReplicaKey> PreferredCandidates, IReadOnlyList<VoterEndpoint> Endpoints);

/// <summary>Fetch (1) of the metadata log.</summary>
/// <param name="Replica">Who fetches; a node id of -1 is a reader that is no member.</param>
/// <param name="Epoch">The epoch that the fetcher believes in (CurrentLeaderEpoch).</param>
/// <param name="End">FetchOffset and LastFetchedEpoch: the end of the fetcher's log.</param>
/// <param name="HighWatermark">What the fetcher knows to be committed; -1 when nothing is, the largest offset where the version lacks it (KIP-1166).</param>
/// <param name="MaxWait">How long an answer without news may be held. A negative one is refused.</param>
public sealed record FetchAsk(ReplicaKey Replica, LeaderEpoch Epoch, LogPosition End, Offset HighWatermark, TimeSpan MaxWait);

/// <summary>FetchSnapshot (59): one piece of a snapshot.</summary>
/// <param name="Position">The first byte that is wanted.</param>
public sealed record FetchSnapshotAsk(ReplicaKey Replica, LeaderEpoch Epoch, LogPosition Snapshot, long Position);

/// <summary>AddRaftVoter (80).</summary>
/// <param name="AckWhenCommitted">False: answered as soon as the change is in the leader's log, which is what a member that adds itself needs.</param>
public sealed record AddVoterAsk(ReplicaKey Voter, IReadOnlyList<VoterEndpoint> Endpoints, bool AckWhenCommitted);

/// <summary>RemoveRaftVoter (81).</summary>
public sealed record RemoveVoterAsk(ReplicaKey Voter);

/// <summary>UpdateRaftVoter (82): a voter says where it listens and which versions of the quorum it knows.</summary>
public sealed record UpdateVoterAsk(LeaderEpoch Epoch, Voter Voter);
