using Tidemark.Broker.Partitions;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Clients.Copying;
using Tidemark.Simulator.Clusters;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Looks into all replicas between two events: leaders, high watermarks, and whether what was committed once is the same everywhere and
/// still there.
/// </summary>
/// <param name="losses">Which partitions may have lost committed records; of those only what holds all the same is looked at.</param>
public sealed class ReplicaChecks(SimulatedCluster cluster, History history, PermittedLosses losses)
{
    private readonly Dictionary<(PartitionId Partition, int Epoch), int> _leaders = [];
    private readonly Dictionary<PartitionId, List<BatchMark>> _committed = [];
    private readonly Dictionary<(PartitionId Partition, int Node), ReplicaScan> _scans = [];
    private readonly Dictionary<int, (object? Process, long Since, bool IsRegistered)> _lives = [];
    private readonly List<PartitionId> _changed = [];
    private long _metadataEnd = -1;
    private readonly RestartChecks _restarts = new(cluster, losses);
    private readonly LeadershipChecks _leaderships = new();

    /// <summary>Whether partitions changed since the last look.</summary>
    public bool HasChanges => _changed.Count > 0;

    /// <summary>How many leaderships were seen.</summary>
    public int Leaderships => _leaders.Count;

    /// <summary>How often a log was seen to have been cut.</summary>
    public int Truncations { get; private set; }

    /// <param name="newest">The newest committed metadata.</param>
    public void Look(MetadataImage newest)
    {
        LookAtLives(newest);
        foreach (SimulatedNode node in cluster.Nodes)
        {
            CoordinatorChecks.Look(node);
        }

        foreach (TopicImage topic in newest.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                Look(new PartitionId(topic.Name, topic.Id, partition.Id), partition);
            }
        }
    }

    /// <summary>Told of every committed change of the metadata.</summary>
    public void OnChange(MetadataImage before, MetadataImage after)
    {
        LookAtFences(before, after);
        if (ReferenceEquals(before.Topics, after.Topics))
        {
            return;
        }

        foreach (TopicImage topic in after.Topics.InOrder())
        {
            TopicImage? old = before.Topics.Find(topic.Id);
            foreach (PartitionImage partition in ReferenceEquals(old, topic) ? [] : topic.Partitions)
            {
                PartitionImage? former = old?.Partition(partition.Id);
                if (!ReferenceEquals(partition, former))
                {
                    var id = new PartitionId(topic.Name, topic.Id, partition.Id);
                    _changed.Add(id);
                    _restarts.OnChange(id, former, partition, after.LastOffset);
                    LookAtJoins(id, former, partition, after);
                }
            }
        }
    }

    /// <summary>Looks at the partitions that changed since at once: who joins lacks something for a moment only, if at all.</summary>
    public void LookAtChanged(MetadataImage newest)
    {
        LookAtLives(newest);
        foreach (PartitionId id in _changed)
        {
            if (newest.Topics.Find(id.TopicId)?.Partition(id.Index) is { } partition)
            {
                Look(id, partition);
            }
        }

        _changed.Clear();
    }

    /// <summary>Compares every replica from its beginning on, and hands what the leader holds to the history.</summary>
    public void LookAtTheEnd(MetadataImage newest)
    {
        _scans.Clear();
        Look(newest);
        foreach (TopicImage topic in newest.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                var id = new PartitionId(topic.Name, topic.Id, partition.Id);
                PartitionLog leader = Find(partition.Leader, id)!.Log!;
                var values = new List<string>();
                List<BatchMark> marks = StoredBatches.Read(leader, leader.LogStart.Value, leader.LogEndOffset.Value, (_, value) => values.Add(value));
                foreach (int replica in partition.Replicas)
                {
                    ReplicaScan scan = _scans[(id, replica)];
                    if (!scan.Marks.SequenceEqual(marks))
                    {
                        throw new BrokenRuleException("2 replicas are identical", $"{id}: nodes {partition.Leader} and {replica} differ in the end");
                    }

                    LogChecks.LookClosely(NameOf(id, replica), scan);
                }

                if (!CopyTopics.IsReserved(id.Topic))
                {
                    history.Final(id, leader.LogStart.Value, values);
                }
            }
        }
    }

    /// <summary>
    /// Who is fenced in a life that runs, and did not ask to leave, was not heard of for a session; its lease is over by then. Whoever stops has closed its
    /// doors, and is found to be gone by that.
    /// </summary>
    private void LookAtFences(MetadataImage before, MetadataImage after)
    {
        if (ReferenceEquals(before.Brokers, after.Brokers))
        {
            return;
        }

        foreach ((int id, BrokerImage broker) in after.Brokers)
        {
            if (broker.IsFenced && !broker.IsInControlledShutdown && before.Brokers.TryGetValue(id, out BrokerImage? old) && old.IsActive && old.Epoch == broker.Epoch
                && IsOfLife(id, broker) && cluster[id] is { Stopped.IsCompleted: true, Lease.IsHeld: true })
            {
                throw new BrokenRuleException("1 nobody is fenced who may serve", $"broker {id} of epoch {broker.Epoch} is fenced and holds its lease");
            }
        }
    }

    /// <summary>Whether the node runs as this life of the broker, and knows it.</summary>
    private bool IsOfLife(int node, BrokerImage life) =>
        cluster[node] is { IsRunning: true, Broker: { } broker } && _lives.GetValueOrDefault(node).IsRegistered
        && broker.Cluster.Image.Brokers.TryGetValue(node, out BrokerImage? known) && known.Epoch == life.Epoch;

    /// <summary>Who is in sync and was not under the same leader.</summary>
    private void LookAtJoins(PartitionId id, PartitionImage? before, PartitionImage now, MetadataImage after)
    {
        if (before is null || before.LeaderEpoch != now.LeaderEpoch || losses.MayLose(id)
            || Find(now.Leader, id) is not { Log: { IsFailed: false } } leader || leader.LeaderEpoch != now.LeaderEpoch)
        {
            return;
        }

        foreach (int node in now.Isr.Except(before.Isr))
        {
            if (after.Brokers.TryGetValue(node, out BrokerImage? joined))
            {
                LeadershipChecks.OnJoin(id, now, leader, joined, IsOfLife(node, joined) && Find(node, id) is { Log: { IsFailed: false } log } ? log : null);
            }
        }
    }

    /// <summary>
    /// Until a new life of a broker is registered the metadata speaks of its last one, whose memory may be gone. Such a broker serves nobody. The
    /// place of its record in the metadata log, which is its epoch, tells when that is over.
    /// </summary>
    private void LookAtLives(MetadataImage newest)
    {
        foreach (SimulatedNode node in cluster.Nodes)
        {
            if (!_lives.TryGetValue(node.Id, out (object? Process, long Since, bool IsRegistered) life) || !ReferenceEquals(life.Process, node.Process))
            {
                life = (node.Process, _metadataEnd, false);
            }

            _lives[node.Id] = life with { IsRegistered = newest.Brokers.TryGetValue(node.Id, out BrokerImage? broker) && broker.Epoch > life.Since };
        }

        _metadataEnd = newest.LastOffset.Value;
    }

    private void Look(PartitionId id, PartitionImage image)
    {
        foreach (SimulatedNode node in cluster.Nodes)
        {
            if (Find(node.Id, id) is { Log: { IsFailed: false } log } replica)
            {
                LookAtOne(id, image, node.Id, replica, log);
            }
        }

        long end = Math.Max(EndOf(CommittedOf(id)), history.Floor(id));
        losses.Note(id, image, end, node => Find(node, id)?.Log?.LogEndOffset.Value);
        if (losses.MayLose(id))
        {
            return;
        }

        // The controller's answer to a leader may come before the change that it tells of is published anywhere.
        bool isBehind = image.HasLeader && Find(image.Leader, id) is { } leader && leader.LeaderEpoch == image.LeaderEpoch && leader.PartitionEpoch > image.PartitionEpoch;
        foreach (SimulatedNode node in isBehind ? [] : cluster.Nodes)
        {
            if (Find(node.Id, id) is { Log: { IsFailed: false } log } replica)
            {
                LookForWhatIsCommitted(id, image, node.Id, replica, log, end);
            }
        }
    }

    private void LookAtOne(PartitionId id, PartitionImage image, int node, Partition replica, PartitionLog log)
    {
        string name = NameOf(id, node);
        if (!_scans.TryGetValue((id, node), out ReplicaScan? scan) || !ReferenceEquals(scan.Log, log))
        {
            _scans[(id, node)] = scan = new ReplicaScan(log);
            scan.Refresh(name);
            LogChecks.LookClosely(name, scan);
        }

        int cuts = scan.Cuts;
        scan.Refresh(name);
        Truncations += scan.Cuts - cuts;
        LogChecks.Look(name, replica, scan);
        _leaderships.Look(id, image, node, replica, log);
        if (replica.LeaderEpoch == LeaderEpoch.Unknown)
        {
            return;
        }

        if (!_leaders.TryAdd((id, replica.LeaderEpoch.Value), node) && _leaders[(id, replica.LeaderEpoch.Value)] != node)
        {
            throw new BrokenRuleException("1 one leader an epoch", $"{id}: nodes {_leaders[(id, replica.LeaderEpoch.Value)]} and {node} lead in epoch {replica.LeaderEpoch}");
        }

        List<BatchMark> committed = CommittedOf(id);
        long highWatermark = replica.HighWatermark.Value;
        if (!losses.MayLose(id) && highWatermark > EndOf(committed))
        {
            Action<long, string>? onRecord = CopyTopics.IsReserved(id.Topic)
                ? null
                : (offset, value) => history.Seen(id, offset, value, $"the high watermark of node {node}");
            committed.AddRange(StoredBatches.Read(log, EndOf(committed), highWatermark, onRecord));
        }
    }

    private void LookForWhatIsCommitted(PartitionId id, PartitionImage image, int node, Partition replica, PartitionLog log, long end)
    {
        bool leads = image.Leader == node && replica.LeaderEpoch == image.LeaderEpoch;
        if (log.LogEndOffset.Value < end && _lives[node].IsRegistered && (leads || image.Isr.Contains(node) || image.EligibleLeaderReplicas.Contains(node)))
        {
            throw new BrokenRuleException(
                leads ? "4 a leader holds what is committed" : "3 who is in sync or eligible holds what is committed",
                $"{id}: the log of node {node} ends at {log.LogEndOffset}, committed is up to {end} (leader {image.Leader}, epoch {image.LeaderEpoch}, in sync [{string.Join(' ', image.Isr)}], eligible [{string.Join(' ', image.EligibleLeaderReplicas)}])");
        }

        List<BatchMark> committed = CommittedOf(id);
        ReplicaScan scan = _scans[(id, node)];
        long to = Math.Min(replica.HighWatermark.Value, EndOf(committed));
        for (; scan.Compared < scan.Marks.Count && scan.Marks[scan.Compared].Next <= to; scan.Compared++)
        {
            BatchMark mark = scan.Marks[scan.Compared];
            int at = committed.BinarySearch(mark, s_byOffset);
            if (at < 0 || committed[at] != mark)
            {
                throw new BrokenRuleException("2 logs are identical below the high watermark", $"{id}: node {node} holds {mark}, committed was {(at < 0 ? "no such batch" : committed[at])}");
            }
        }

        // What it holds beyond may be committed too, as other records that were written elsewhere.
        while (scan.Matching < scan.Marks.Count && committed.BinarySearch(scan.Marks[scan.Matching], s_byOffset) is >= 0 and var same && committed[same] == scan.Marks[scan.Matching])
        {
            scan.Matching++;
        }

        _restarts.Holds(id, node, log, scan.Matching == 0 ? log.LogStart.Value : scan.Marks[scan.Matching - 1].Next);
    }

    private static readonly Comparer<BatchMark> s_byOffset = Comparer<BatchMark>.Create((a, b) => a.First.CompareTo(b.First));

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

    private static string NameOf(PartitionId id, int node) => $"{id} on node {node}";

    private static long EndOf(List<BatchMark> committed) => committed.Count == 0 ? 0 : committed[^1].Next;
}
