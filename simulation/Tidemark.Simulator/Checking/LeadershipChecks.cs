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
    private readonly Dictionary<(PartitionId Partition, int Node, BrokerId Follower), Known> _known = [];

    /// <param name="image">The partition in the newest committed metadata.</param>
    public void Look(PartitionId id, PartitionImage image, int node, Partition replica, PartitionLog log)
    {
        bool leads = image.Leader == node && image.LeaderEpoch == replica.LeaderEpoch && replica.MaximalIsr is not [];
        if (leads && replica.PartitionEpoch <= image.PartitionEpoch && image.Isr.FirstOrDefault(each => !replica.MaximalIsr.Contains(new BrokerId(each)), -1) is >= 0 and var missed)
        {
            // Only the leader adds somebody in its epoch, and it counts them from when it asks until it is told otherwise.
            throw new BrokenRuleException("3 a leader waits for all who are in sync", $"{id}: {missed} is in sync, and leader {node} waits for [{string.Join(' ', replica.MaximalIsr)}] only");
        }

        foreach (FollowerStanding follower in replica.Followers)
        {
            TimeSpan caughtUp = follower.LastCaughtUp ?? TimeSpan.MinValue;
            bool isKnown = _known.TryGetValue((id, node, follower.Id), out Known before) && ReferenceEquals(before.Replica, replica) && before.Epoch == replica.LeaderEpoch;
            if (isKnown && caughtUp < before.CaughtUp)
            {
                throw new BrokenRuleException("a leader keeps what it knows of a follower", $"{id}: node {node} knew that {follower.Id} had all at {before.CaughtUp} and knows {follower.LastCaughtUp?.ToString() ?? "nothing"}");
            }

            if (follower.LogEnd > log.LogEndOffset)
            {
                throw new BrokenRuleException("a leader counts what it holds itself", $"{id}: node {node}, whose log ends at {log.LogEndOffset}, counts {follower.Id} up to {follower.LogEnd}");
            }

            // In one life a follower does not go back under one leader, but a fetch that was late may say where it once was: so the furthest counts. It lacked this when it was proposed.
            bool isSameLife = isKnown && before.BrokerEpoch == follower.BrokerEpoch;
            Offset furthest = isSameLife ? Offset.Max(before.End, follower.LogEnd) : follower.LogEnd;
            if (leads && isSameLife && replica.PartitionEpoch == image.PartitionEpoch
                && log.Epochs.Entries is [.., var own] && own.Epoch == image.LeaderEpoch && furthest < own.Start
                && replica.MaximalIsr.Contains(follower.Id) && !image.Isr.Contains(follower.Id.Value))
            {
                throw new BrokenRuleException("6 who is proposed has reached the epoch's start", $"{id}: leader {node} wants {follower.Id} in sync, which it knows up to {furthest}; its epoch {own.Epoch} began at {own.Start}");
            }

            _known[(id, node, follower.Id)] = new Known(replica, replica.LeaderEpoch, caughtUp, follower.BrokerEpoch, furthest);
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

    private readonly record struct Known(Partition Replica, LeaderEpoch Epoch, TimeSpan CaughtUp, long BrokerEpoch, Offset End);
}
