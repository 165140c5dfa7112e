using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Simulator.Checking;

/// <summary>What a leader knows of its followers never goes back within its epoch.</summary>
internal sealed class LeadershipChecks
{
    private readonly Dictionary<(PartitionId Partition, int Node, BrokerId Follower), (Partition Replica, LeaderEpoch Epoch, TimeSpan CaughtUp)> _known = [];

    public void Look(PartitionId id, int node, Partition replica)
    {
        foreach (FollowerStanding follower in replica.Followers)
        {
            TimeSpan caughtUp = follower.LastCaughtUp ?? TimeSpan.MinValue;
            if (_known.TryGetValue((id, node, follower.Id), out var before)
                && ReferenceEquals(before.Replica, replica) && before.Epoch == replica.LeaderEpoch && caughtUp < before.CaughtUp)
            {
                throw new BrokenRuleException("a leader keeps what it knows of a follower", $"{id}: node {node} knew that {follower.Id} had all at {before.CaughtUp} and knows {follower.LastCaughtUp?.ToString() ?? "nothing"}");
            }

            _known[(id, node, follower.Id)] = (replica, replica.LeaderEpoch, caughtUp);
        }
    }
}
