using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// What a member must know after a restart, lest it vote twice in an epoch: the epoch, for whom it voted, and who leads. Written before
/// anything follows from it.
/// </summary>
/// <param name="Leader">Null while nobody is known to lead.</param>
/// <param name="VotedFor">Null when no vote was given in this epoch. It stays when a leader is known.</param>
public sealed record ElectionState(LeaderEpoch Epoch, BrokerId? Leader, ReplicaKey? VotedFor)
{
    /// <summary>A member that never heard of any election.</summary>
    public static ElectionState Initial { get; } = new(new LeaderEpoch(0), null, null);
}
