using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>What a leader knows of a follower.</summary>
/// <param name="LogEnd">Unknown (-1) until it fetched in this leader epoch.</param>
/// <param name="BrokerEpoch">The life in which it fetched last; -1 when it did not, or did not say.</param>
/// <param name="LastCaughtUp">When it last had all that the leader had, on the monotonic clock; null when it never had in this epoch.</param>
public readonly record struct FollowerStanding(BrokerId Id, Offset LogEnd, long BrokerEpoch, TimeSpan? LastCaughtUp);
