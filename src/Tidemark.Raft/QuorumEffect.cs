using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>Something that the driver has to do for the quorum, in the order given.</summary>
public abstract record QuorumEffect;

/// <summary>Write the state durably, then call <see cref="LoneVoter.OnPersisted"/>.</summary>
public sealed record PersistElectionState(ElectionState State) : QuorumEffect;

/// <summary>
/// Append the control record that opens a leader's epoch, then call <see cref="LoneVoter.OnAppended"/>. It may be flushed together with what
/// the leader appends next.
/// </summary>
public sealed record AppendLeaderChange(LeaderEpoch Epoch, ReplicaKey Leader) : QuorumEffect;

/// <summary>Everything below the offset is committed and may be replayed and answered.</summary>
public sealed record AdvanceCommit(Offset HighWatermark) : QuorumEffect;
