using Tidemark.Broker.Partitions;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Replication;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// What a leader knows of its followers never goes back within its epoch and is not more than it holds itself; who joins the in-sync set by it holds
/// back the high watermark by then, and has reached the place where the epoch began, in the life that the cluster knows; and nobody is fenced as silent
/// while it may still serve.
/// </summary>
internal sealed class LeadershipChecks
{
    private readonly Dictionary<(PartitionId Partition, int Node, BrokerId Follower), (Partition Replica, LeaderEpoch Epoch, TimeSpan CaughtUp)> _known = [];

    public void Look(PartitionId id, int node, Partition replica, PartitionLog log)
    {
        foreach (FollowerStanding follower in replica.Followers)
        {
            TimeSpan caughtUp = follower.LastCaughtUp ?? TimeSpan.MinValue;
            if (_known.TryGetValue((id, node, follower.Id), out var before)
                && ReferenceEquals(before.Replica, replica) && before.Epoch == replica.LeaderEpoch && caughtUp < before.CaughtUp)
            {
                throw new BrokenRuleException("a leader keeps what it knows of a follower", $"{id}: node {node} knew that {follower.Id} had all at {before.CaughtUp} and knows {follower.LastCaughtUp?.ToString() ?? "nothing"}");
            }

            if (follower.LogEnd > log.LogEndOffset)
            {
                throw new BrokenRuleException("a leader counts what it holds itself", $"{id}: node {node}, whose log ends at {log.LogEndOffset}, counts {follower.Id} up to {follower.LogEnd}");
            }

            _known[(id, node, follower.Id)] = (replica, replica.LeaderEpoch, caughtUp);
        }
    }

    /// <summary>The leader had a broker taken into the in-sync set.</summary>
    /// <param name="leader">The leader's replica, when it still leads in the epoch in which that was decided.</param>
    /// <param name="joined">The one that joined, as the metadata knows it.</param>
    /// <param name="itsLog">Its log, when it runs in that life.</param>
    public static void OnJoin(PartitionId id, PartitionImage partition, Partition leader, BrokerImage joined, PartitionLog? itsLog)
    {
        // What came after it the leader may have been told already.
        if (leader.PartitionEpoch <= partition.PartitionEpoch && !leader.MaximalIsr.Contains(new BrokerId(joined.Id)))
        {
            throw new BrokenRuleException("6 who joins holds back the high watermark", $"{id}: {joined.Id} joins, and leader {partition.Leader} waits for [{string.Join(' ', leader.MaximalIsr)}] only");
        }

        FollowerStanding known = leader.Followers.FirstOrDefault(each => each.Id == new BrokerId(joined.Id));
        if (known.BrokerEpoch >= 0 && known.BrokerEpoch < joined.Epoch)
        {
            throw new BrokenRuleException("6 who joins fetched in this life", $"{id}: leader {partition.Leader} took {joined.Id} in for what it fetched in its life {known.BrokerEpoch}, it lives as {joined.Epoch}");
        }

        if (itsLog is not null && leader.Log!.Epochs.Entries is [.., var own] && own.Epoch == partition.LeaderEpoch && itsLog.LogEndOffset < own.Start)
        {
            throw new BrokenRuleException("6 who joins has reached the epoch's start", $"{id}: {joined.Id} ends at {itsLog.LogEndOffset} and joins; epoch {own.Epoch} of leader {partition.Leader} began at {own.Start}");
        }
    }
}
