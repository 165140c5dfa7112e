using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>The largest leader epoch in the leader's log that is not above the one asked for, and where it ends (exclusive).</summary>
public readonly record struct EpochEnd(LeaderEpoch Epoch, Offset End);

/// <summary>What a follower says with a fetch of one partition. Its fetch offset is its log's end.</summary>
public readonly record struct FollowerFetch(
    BrokerId Follower,
    Offset FetchOffset,
    LeaderEpoch LastFetchedEpoch,
    Offset LogStart,
    long BrokerEpoch);

/// <summary>What the leader makes of a follower's fetch.</summary>
/// <param name="Error">Not None: nothing was changed and no records are sent.</param>
/// <param name="Diverging">Set: the follower's log left the leader's; it must cut its own first, no records are sent and nothing was changed.</param>
/// <param name="HighWatermarkAdvanced">Waiting producers and consumers are to be looked at again.</param>
/// <param name="Proposal">Set: the follower may join the in-sync replicas and the controller is to be asked.</param>
public readonly record struct FollowerFetchOutcome(
    ErrorCode Error,
    EpochEnd? Diverging = null,
    bool HighWatermarkAdvanced = false,
    IsrProposal? Proposal = null);
