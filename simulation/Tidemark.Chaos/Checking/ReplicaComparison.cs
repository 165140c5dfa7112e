using Tidemark.Chaos.Clients;
using Tidemark.Chaos.Nodes;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Checking;

/// <summary>What the files of all nodes hold when they have stopped, held against each other and against what clients were told.</summary>
internal static class ReplicaComparison
{
    /// <summary>How many records there are.</summary>
    /// <exception cref="BrokenRuleException">Replicas differ.</exception>
    public static long Compare(IReadOnlyList<ChaosNode> nodes, IReadOnlyList<LoadedTopic> topics, SharedHistory history)
    {
        long records = 0;
        foreach (PartitionId partition in topics.SelectMany(topic => topic.All))
        {
            var replicas = nodes.Select(node => StoredReplica.Read(node.Id, node.LogDirectories, partition.Topic, partition.Index, withValues: node == nodes[0])).ToList();
            long committed = replicas.Max(replica => replica.HighWatermark);
            for (int i = 0; i < nodes.Count; i++)
            {
                StoredReplica replica = replicas[i];
                if (replica.End < committed)
                {
                    throw new BrokenRuleException("2 replicas are identical below the high watermark", $"{partition}: node {nodes[i].Id} ends at {replica.End}, {committed} was committed");
                }

                BatchMark[] mine = [.. replica.Batches.TakeWhile(batch => batch.First < committed)];
                BatchMark[] first = [.. replicas[0].Batches.TakeWhile(batch => batch.First < committed)];
                int same = mine.AsSpan().CommonPrefixLength(first);
                if (same < mine.Length || same < first.Length)
                {
                    string ours = same < mine.Length ? mine[same].ToString() : "nothing";
                    string theirs = same < first.Length ? first[same].ToString() : "nothing";
                    throw new BrokenRuleException("2 replicas are identical below the high watermark", $"{partition}: node {nodes[i].Id} holds {ours} where node {nodes[0].Id} holds {theirs}; {committed} was committed");
                }
            }

            if (replicas[0].End > committed || replicas[0].Start != 0)
            {
                throw new BrokenRuleException("18 all that was written gets committed", $"{partition}: {replicas[0].Start} to {replicas[0].End} is there, {committed} was committed");
            }

            ProducerOrder.Check(partition, replicas[0].Batches);
            if (ProducerOrder.FindTwice(replicas[0].Batches, replicas[0].Values) is { } twice)
            {
                throw new BrokenRuleException("13 no duplicates", $"{partition}: {twice}");
            }

            history.Final(partition, replicas[0].Start, replicas[0].Values);
            records += replicas[0].End - replicas[0].Start;
        }

        return records;
    }
}
