using Tidemark.Broker.Partitions;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Clusters;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Looks into all replicas between two events: leaders, high watermarks, and whether what was committed once is the same everywhere and
/// still there.
/// </summary>
/// <param name="mayLose">Committed records may be lost in this scenario; then only what holds all the same is looked at.</param>
public sealed class ReplicaChecks(SimulatedCluster cluster, History history, bool mayLose)
{
    private readonly Dictionary<(PartitionId Partition, int Epoch), int> _leaders = [];
    private readonly Dictionary<PartitionId, List<BatchMark>> _committed = [];
    private readonly Dictionary<(PartitionId Partition, int Node), (object Log, long End)> _compared = [];

    /// <summary>How many leaderships were seen.</summary>
    public int Leaderships => _leaders.Count;

    /// <param name="newest">The newest committed metadata.</param>
    public void Look(MetadataImage newest)
    {
        foreach (TopicImage topic in newest.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                Look(new PartitionId(topic.Name, topic.Id, partition.Id), partition);
            }
        }
    }

    /// <summary>Compares every replica from its beginning on, and hands what the leader holds to the history.</summary>
    public void LookAtTheEnd(MetadataImage newest)
    {
        _compared.Clear();
        Look(newest);
        foreach (TopicImage topic in newest.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                var id = new PartitionId(topic.Name, topic.Id, partition.Id);
                PartitionLog leader = Find(partition.Leader, id)!.Log!;
                var values = new List<string>();
                List<BatchMark> marks = StoredBatches.Read(leader, leader.LogStart.Value, leader.LogEndOffset.Value, (_, value) => values.Add(value));
                foreach (int replica in partition.Replicas.Where(replica => replica != partition.Leader))
                {
                    PartitionLog log = Find(replica, id)!.Log!;
                    if (!StoredBatches.Read(log, log.LogStart.Value, log.LogEndOffset.Value).SequenceEqual(marks))
                    {
                        throw new BrokenRuleException("2 replicas are identical", $"{id}: nodes {partition.Leader} and {replica} differ in the end");
                    }
                }

                history.Final(id, leader.LogStart.Value, values);
            }
        }
    }

    private void Look(PartitionId id, PartitionImage image)
    {
        foreach (SimulatedNode node in cluster.Nodes)
        {
            if (Find(node.Id, id) is { Log: { IsFailed: false } log } replica)
            {
                LookAtOne(id, node.Id, replica, log);
            }
        }

        if (mayLose)
        {
            return;
        }

        List<BatchMark> committed = CommittedOf(id);
        long end = Math.Max(EndOf(committed), history.Floor(id));
        foreach (SimulatedNode node in cluster.Nodes)
        {
            if (Find(node.Id, id) is not { Log: { IsFailed: false } log } replica)
            {
                continue;
            }

            bool leads = image.Leader == node.Id && replica.LeaderEpoch == image.LeaderEpoch;
            if (log.LogEndOffset.Value < end && (leads || image.Isr.Contains(node.Id) || image.EligibleLeaderReplicas.Contains(node.Id)))
            {
                throw new BrokenRuleException(
                    leads ? "4 a leader holds what is committed" : "3 who is in sync holds what is committed",
                    $"{id}: the log of node {node.Id} ends at {log.LogEndOffset}, committed is up to {end} (leader {image.Leader}, epoch {image.LeaderEpoch}, in sync [{string.Join(' ', image.Isr)}], eligible [{string.Join(' ', image.EligibleLeaderReplicas)}])");
            }

            Compare(id, node.Id, replica, log, committed);
        }
    }

    private void LookAtOne(PartitionId id, int node, Partition replica, PartitionLog log)
    {
        Offset highWatermark = replica.HighWatermark;
        Offset stable = log.LastStableOffset(highWatermark);
        if (!(log.LogStart <= stable && stable <= highWatermark && highWatermark <= log.LogEndOffset))
        {
            throw new BrokenRuleException("5 start <= stable <= high watermark <= end", $"{id} on node {node}: {log.LogStart}, {stable}, {highWatermark}, {log.LogEndOffset}");
        }

        EpochStart? before = null;
        foreach (EpochStart entry in log.Epochs.Entries)
        {
            if (before is { } last && (entry.Epoch <= last.Epoch || entry.Start < last.Start))
            {
                throw new BrokenRuleException("5 epochs rise", $"{id} on node {node}: {last} is followed by {entry}");
            }

            before = entry;
        }

        if (replica.LeaderEpoch == LeaderEpoch.Unknown)
        {
            return;
        }

        if (!_leaders.TryAdd((id, replica.LeaderEpoch.Value), node) && _leaders[(id, replica.LeaderEpoch.Value)] != node)
        {
            throw new BrokenRuleException("1 one leader an epoch", $"{id}: nodes {_leaders[(id, replica.LeaderEpoch.Value)]} and {node} lead in epoch {replica.LeaderEpoch}");
        }

        List<BatchMark> committed = CommittedOf(id);
        if (!mayLose && highWatermark.Value > EndOf(committed))
        {
            committed.AddRange(StoredBatches.Read(log, EndOf(committed), highWatermark.Value, (offset, value) => history.Seen(id, offset, value, $"the high watermark of node {node}")));
        }
    }

    private void Compare(PartitionId id, int node, Partition replica, PartitionLog log, List<BatchMark> committed)
    {
        long to = Math.Min(replica.HighWatermark.Value, EndOf(committed));
        (object Log, long End) compared = _compared.GetValueOrDefault((id, node));
        long from = ReferenceEquals(compared.Log, log) && compared.End <= log.LogEndOffset.Value ? compared.End : 0;
        from = Math.Max(from, log.LogStart.Value);
        if (from >= to)
        {
            return;
        }

        foreach (BatchMark mark in StoredBatches.Read(log, from, to))
        {
            int at = committed.BinarySearch(mark, Comparer<BatchMark>.Create((a, b) => a.First.CompareTo(b.First)));
            if (at < 0 || committed[at] != mark)
            {
                throw new BrokenRuleException("2 logs are identical below the high watermark", $"{id}: node {node} holds {mark}, committed was {(at < 0 ? "no such batch" : committed[at])}");
            }
        }

        _compared[(id, node)] = (log, to);
    }

    private Partition? Find(int node, PartitionId id) =>
        node > 0 && cluster[node] is { IsRunning: true, Broker: { } broker } && broker.Partitions.TryFind(id.TopicId, out TopicPartitions? topic) ? topic.Find(id.Index) : null;

    private List<BatchMark> CommittedOf(PartitionId id)
    {
        if (!_committed.TryGetValue(id, out List<BatchMark>? committed))
        {
            _committed[id] = committed = [];
        }

        return committed;
    }

    private static long EndOf(List<BatchMark> committed) => committed.Count == 0 ? 0 : committed[^1].Next;
}
