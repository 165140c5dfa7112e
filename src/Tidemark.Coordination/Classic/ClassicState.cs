namespace Tidemark.Coordination.Classic;

/// <summary>
/// The states of a classic group; the names are what clients are told.
/// <code>
/// Empty               → PreparingRebalance   somebody joins
/// PreparingRebalance  → CompletingRebalance  all that are left have joined, or the time for it is over
/// PreparingRebalance  → Empty                nobody is left
/// CompletingRebalance → Stable               the leader's assignment is committed
/// CompletingRebalance → PreparingRebalance   somebody joins, leaves or does not sync
/// Stable              → PreparingRebalance   somebody joins, leaves, changes or is lost
/// </code>
/// A group that does not exist is described as <c>Dead</c>.
/// </summary>
public enum ClassicState
{
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
}
