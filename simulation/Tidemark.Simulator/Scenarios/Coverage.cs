using Tidemark.Metadata.Image;

namespace Tidemark.Simulator.Scenarios;

/// <summary>Counts and tells what the controllers decided in a run, by comparing each committed state with the one before.</summary>
public sealed class Coverage(ScenarioTrace trace)
{
    /// <summary>Told of every committed batch of the metadata log.</summary>
    public void Look(MetadataImage before, MetadataImage now)
    {
        LookAtBrokers(before, now);
        if (ReferenceEquals(before.Topics, now.Topics))
        {
            return;
        }

        foreach (TopicImage topic in now.Topics.InOrder())
        {
            if (before.Topics.Find(topic.Id) is not { } old)
            {
                trace.Count("topics created");
                continue;
            }

            for (int i = 0; i < Math.Min(old.Partitions.Length, topic.Partitions.Length); i++)
            {
                if (!ReferenceEquals(old.Partitions[i], topic.Partitions[i]))
                {
                    Count(old.Partitions[i], topic.Partitions[i]);
                    trace.Tell($"{topic.Name}-{i}: {Describe(topic.Partitions[i])} (offset {now.LastOffset})");
                }
            }
        }

        foreach (TopicImage topic in before.Topics.InOrder().Where(topic => now.Topics.Find(topic.Id) is null))
        {
            trace.Count("topics deleted");
        }
    }

    private void LookAtBrokers(MetadataImage before, MetadataImage now)
    {
        if (ReferenceEquals(before.Brokers, now.Brokers))
        {
            return;
        }

        foreach ((int id, BrokerImage broker) in now.Brokers)
        {
            BrokerImage? old = before.Brokers.GetValueOrDefault(id);
            if ((old?.Epoch, old?.IsFenced, old?.IsInControlledShutdown) != (broker.Epoch, broker.IsFenced, broker.IsInControlledShutdown))
            {
                trace.Tell($"broker {id} is {(broker.IsFenced ? "fenced" : "active")}{(broker.IsInControlledShutdown ? " and stops" : "")} in epoch {broker.Epoch} (offset {now.LastOffset})");
            }
        }
    }

    private static string Describe(PartitionImage partition)
    {
        string leader = partition.HasLeader ? $"node {partition.Leader} leads" : "nobody leads";
        return $"{leader} in epoch {partition.LeaderEpoch}{(partition.LeaderRecoveryState == PartitionImage.Recovering ? " uncleanly" : "")}, replicas {List(partition.Replicas)}, in sync {List(partition.Isr)}"
            + Unless(partition.EligibleLeaderReplicas, "eligible") + Unless(partition.LastKnownEligibleLeaderReplicas, "led last")
            + Unless(partition.AddingReplicas, "added") + Unless(partition.RemovingReplicas, "removed");

        static string List(IEnumerable<int> nodes) => $"[{string.Join(' ', nodes)}]";
        static string Unless(IReadOnlyCollection<int> nodes, string what) => nodes.Count == 0 ? "" : $", {what} {List(nodes)}";
    }

    private void Count(PartitionImage before, PartitionImage now)
    {
        CountIf(now.Leader != before.Leader && now.HasLeader, "partition leaders elected");
        CountIf(!now.HasLeader && before.HasLeader, "partitions left without a leader");
        CountIf(now.LeaderRecoveryState == PartitionImage.Recovering && before.LeaderRecoveryState != PartitionImage.Recovering, "unclean elections");
        CountIf(before.Isr.Any(member => !now.Isr.Contains(member)), "in-sync sets shrunk");
        CountIf(now.Isr.Any(member => !before.Isr.Contains(member)), "in-sync sets grown");
        CountIf(before.EligibleLeaderReplicas.IsEmpty && !now.EligibleLeaderReplicas.IsEmpty, "eligible leader replicas kept");
        CountIf(!before.HasLeader && now.HasLeader && before.EligibleLeaderReplicas.Contains(now.Leader), "eligible leader replicas elected");
        CountIf(before.IsReassigning && !now.IsReassigning, "reassignments ended");
    }

    private void CountIf(bool holds, string what)
    {
        if (holds)
        {
            trace.Count(what);
        }
    }
}
