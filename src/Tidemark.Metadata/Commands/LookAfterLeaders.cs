using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// What the controller does for leaderships from time to time, unasked: gives them back to preferred replicas that are in sync again, and
/// takes a replica out of sync where nobody leads and the topic allows that. Each answers how many leaders it elected.
/// </summary>
public static class LookAfterLeaders
{
    /// <summary>As many leaders move in one step; the rest follows in the next.</summary>
    public const int ElectionsMax = 1000;

    /// <summary>
    /// <c>auto.leader.rebalance.enable</c>: a broker that does not lead more than <c>leader.imbalance.per.broker.percentage</c> of the partitions whose first
    /// replica it is gets all of them back that it can lead. Fewer than that are left as they are: each move stops writes for a moment.
    /// </summary>
    /// <param name="begun">Brokers that are getting theirs back. Who needs more than one step is done only when nothing is left; the caller forgets them after the last step.</param>
    public static Decision<int> Balance(ControllerContext context, ISet<int> begun)
    {
        begun.UnionWith(Imbalanced(context));
        var records = new List<MetadataRecord>();
        var cluster = new ClusterView(context.Image, context.Config);
        foreach ((TopicImage topic, PartitionImage partition) in Partitions(context, p => p.HasLeader && !p.HasPreferredLeader && begun.Contains(p.Replicas[0])))
        {
            if (new PartitionChange(topic, partition, cluster) { Election = ElectionKind.Preferred }.Build() is { Message: PartitionChangeRecord change } record
                && change.Leader == partition.Replicas[0])
            {
                records.Add(record);
                if (records.Count == ElectionsMax)
                {
                    break;
                }
            }
        }

        return new Decision<int>(records, records.Count);
    }

    /// <summary><c>unclean.leader.election.enable</c>, as it stands now: partitions that were left without a leader before it was set.</summary>
    public static Decision<int> ElectUnclean(ControllerContext context)
    {
        var records = new List<MetadataRecord>();
        var cluster = new ClusterView(context.Image, context.Config);
        foreach ((TopicImage topic, PartitionImage partition) in Partitions(context, p => !p.HasLeader))
        {
            if (cluster.AllowsUnclean(topic.Name)
                && new PartitionChange(topic, partition, cluster).Build() is { Message: PartitionChangeRecord { Leader: >= 0 } } record)
            {
                records.Add(record);
                if (records.Count == ElectionsMax)
                {
                    break;
                }
            }
        }

        return new Decision<int>(records, records.Count);
    }

    private static IEnumerable<int> Imbalanced(ControllerContext context)
    {
        int percentage = context.Config.GetInt("leader.imbalance.per.broker.percentage");
        return Partitions(context, p => !p.Replicas.IsEmpty)
            .GroupBy(each => each.Partition.Replicas[0], each => each.Partition.HasPreferredLeader)
            .Where(broker => (long)broker.Count(isLed => !isLed) * 100 > (long)broker.Count() * percentage)
            .Select(broker => broker.Key);
    }

    /// <summary>Reassignments that are over but for replicas that have to hear of it first: each whose replicas have ends.</summary>
    /// <param name="since">Where the log ended when each of them was seen so first; kept up to date here, from call to call.</param>
    public static Decision<int> FinishReassignments(ControllerContext context, BrokerSessions sessions, IDictionary<TopicIdPartition, Offset> since)
    {
        var records = new List<MetadataRecord>();
        var cluster = new ClusterView(context.Image, context.Config);
        var waiting = new Dictionary<TopicIdPartition, Offset>();
        foreach ((TopicImage topic, PartitionImage partition) in Partitions(context, PartitionChange.AwaitsFinish))
        {
            var key = new TopicIdPartition(topic.Id, partition.Id);
            Offset seen = since.TryGetValue(key, out Offset before) ? before : context.NextOffset - 1;
            bool areTold = sessions.LeastMetadataOffset(partition.RemovingReplicas.Where(id => MustHear(id, partition))) >= seen;
            if (!areTold)
            {
                waiting.Add(key, seen);
            }
            else if (new PartitionChange(topic, partition, cluster) { FinishesReassignment = true }.Build() is { } record)
            {
                records.Add(record);
            }
        }

        since.Clear();
        foreach ((TopicIdPartition key, Offset seen) in waiting)
        {
            since.Add(key, seen);
        }

        return new Decision<int>(records, records.Count);

        // The broker in the process of the only controller sends no heartbeats, and has the metadata as soon as it is committed.
        bool MustHear(int id, PartitionImage partition) =>
            partition.Isr.Contains(id) && cluster.Broker(id) is { IsFenced: false } && (context.MayBeReplaced || id != context.NodeId);
    }

    private static IEnumerable<(TopicImage Topic, PartitionImage Partition)> Partitions(ControllerContext context, Func<PartitionImage, bool> isMeant) =>
        context.Image.Topics.InOrder().SelectMany(topic => topic.Partitions.Where(isMeant).Select(partition => (topic, partition)));
}
