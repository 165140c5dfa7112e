using Tidemark.Broker.Partitions;
using Tidemark.Metadata.Image;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Checking;

/// <summary>Whether a cluster in which nothing is broken any more has come to rest: leaders, full in-sync sets, everything committed.</summary>
/// <param name="mayForgetTransactions">Whether coordinators may have lost what they knew: then nobody ends what was open.</param>
public sealed class LivenessCheck(SimulatedCluster cluster, MetadataChecks metadata, Func<bool> mayForgetTransactions)
{
    public bool IsAllWell() => FirstWrong() is null;

    public string WhatIsWrong() => FirstWrong() ?? "nothing";

    private string? FirstWrong()
    {
        MetadataImage newest = metadata.Newest;
        foreach (SimulatedNode node in cluster.Nodes)
        {
            if (!node.Started.IsCompletedSuccessfully || node.Broker is null)
            {
                return $"node {node.Id} has not started";
            }

            if (!newest.IsActive(node.Id))
            {
                return $"broker {node.Id} is fenced";
            }
        }

        foreach (TopicImage topic in newest.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                if (WrongWith(new PartitionId(topic.Name, topic.Id, partition.Id), partition) is { } wrong)
                {
                    return wrong;
                }
            }
        }

        return null;
    }

    private string? WrongWith(PartitionId id, PartitionImage partition)
    {
        string state = $"leader {partition.Leader}, epoch {partition.LeaderEpoch}, replicas [{string.Join(' ', partition.Replicas)}], in sync [{string.Join(' ', partition.Isr)}], eligible [{string.Join(' ', partition.EligibleLeaderReplicas)}], last known [{string.Join(' ', partition.LastKnownEligibleLeaderReplicas)}]";
        if (!partition.HasLeader)
        {
            return $"{id} has no leader: {state}";
        }

        if (partition.IsReassigning)
        {
            return $"{id} is still reassigned: {state}";
        }

        if (partition.Isr.Length != partition.Replicas.Length)
        {
            return $"{id}: not all are in sync: {state}";
        }

        if (Find(partition.Leader, id) is not { Log: { } log } leader || leader.LeaderEpoch != partition.LeaderEpoch)
        {
            return $"{id}: its leader does not know: {state}";
        }

        if (leader.HighWatermark != log.LogEndOffset)
        {
            return $"{id}: the leader's high watermark is {leader.HighWatermark}, its end {log.LogEndOffset}: {state}";
        }

        if (log.LastStableOffset(leader.HighWatermark) is var stable && stable != leader.HighWatermark && !mayForgetTransactions())
        {
            return $"{id}: a transaction is open since {stable}, the high watermark is {leader.HighWatermark}: {state}";
        }

        foreach (int replica in partition.Replicas)
        {
            if (Find(replica, id) is not { Log: { } copy } follower)
            {
                return $"{id}: node {replica} has no log: {state}";
            }

            if (copy.LogEndOffset != log.LogEndOffset || follower.HighWatermark != leader.HighWatermark)
            {
                return $"{id}: node {replica} lags behind, with high watermark {follower.HighWatermark} and end {copy.LogEndOffset}, the leader's end is {log.LogEndOffset}: {state}";
            }
        }

        return null;
    }

    private Partition? Find(int node, PartitionId id) =>
        cluster[node].Broker!.Partitions.TryFind(id.TopicId, out TopicPartitions? topic) ? topic.Find(id.Index) : null;
}
