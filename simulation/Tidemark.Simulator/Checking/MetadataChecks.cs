using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Protocol;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Looks at the metadata log on every disk and at what every node knows of the cluster: nothing committed differs or changes, a majority
/// holds it, every node knows what replaying it gives, and the controller decided as it must.
/// </summary>
public sealed class MetadataChecks
{
    private readonly SimulatedCluster _cluster;
    private readonly QuorumChecks _quorum;
    private readonly PartitionRules _rules;
    private readonly CommittedMetadata _committed;
    private readonly Dictionary<int, MetadataLogScan> _scans = [];
    private readonly Dictionary<int, MetadataImage> _compared = [];
    private MetadataImage _newest = MetadataImage.Empty;

    /// <param name="mayElectUncleanly">The scenario permits elections of replicas that lack something.</param>
    /// <param name="onChange">Told of every committed batch: the cluster before it and behind it.</param>
    public MetadataChecks(SimulatedCluster cluster, bool mayElectUncleanly, Action<MetadataImage, MetadataImage> onChange)
    {
        _cluster = cluster;
        _quorum = new QuorumChecks(cluster);
        _rules = new PartitionRules(BrokerConfig.Parse(cluster.PropertiesOf(1, ["/data"]), out _), mayElectUncleanly);
        _committed = new CommittedMetadata(onChange + _rules.Look);
        foreach (SimulatedNode node in cluster.Nodes)
        {
            _scans[node.Id] = new MetadataLogScan(node);
        }
    }

    /// <summary>How many controllers were seen.</summary>
    public int Elections => _quorum.Elections;

    /// <summary>How often a partition changed.</summary>
    public int PartitionChanges => _rules.Changes;

    /// <summary>The newest committed metadata that any node has published.</summary>
    public MetadataImage Newest
    {
        get
        {
            foreach (SimulatedNode node in _cluster.Nodes)
            {
                if (node is { IsRunning: true, Broker: { } broker } && broker.Cluster.Image is { } image && image.LastOffset > _newest.LastOffset)
                {
                    _newest = image;
                }
            }

            return _newest;
        }
    }

    /// <summary>All that is committed, also what is not published yet.</summary>
    public MetadataImage Committed => _committed.Image;

    /// <summary>
    /// What is cheap enough to look at after every event: what is committed is taken from a log at once, before a snapshot takes the log's place.
    /// </summary>
    public void LookQuickly()
    {
        _quorum.LookQuickly();
        long end = _committed.End;
        foreach (SimulatedNode node in _cluster.Nodes)
        {
            if (node.IsRunning && KnownAsCommitted(node) is var known && known > _committed.End)
            {
                Refresh(node);
                if (!_committed.ExtendTo(known, _scans[node.Id]) && !ExtendByAnother(node, known))
                {
                    throw new BrokenRuleException("8 all that is committed is seen", $"known was the metadata up to {_committed.End}, and the log of node {node.Id}, which knows it up to {known}, begins at {_scans[node.Id].Start}");
                }
            }
        }

        if (_committed.End > end)
        {
            LookForMajority();
        }
    }

    public void Look()
    {
        LookQuickly();
        _quorum.Look();
        LookForMajority();
        foreach (SimulatedNode node in _cluster.Nodes.Where(node => node.IsRunning))
        {
            LookAtLog(node, _scans[node.Id]);
            LookAtImage(node);
        }
    }

    /// <summary>Compares what every node knows in the end with a replay of the log, record by record.</summary>
    public void LookAtTheEnd()
    {
        Look();
        byte[] replayed = BytesOf(_committed.Image);
        foreach (SimulatedNode node in _cluster.Nodes)
        {
            MetadataImage known = node.Broker!.Cluster.Image;
            if (known.LastOffset == _committed.Image.LastOffset && !BytesOf(known).AsSpan().SequenceEqual(replayed))
            {
                throw new BrokenRuleException("9 replay(log) = live state", $"node {node.Id} knows another cluster at {known.LastOffset} than the log tells");
            }
        }
    }

    /// <summary>
    /// A leader may have gone in the moment in which it knew more to be committed, and told another, which took a snapshot at once: what that one's log lacks still
    /// stands in the log of somebody who has its first batch too, for logs that share a batch share all before.
    /// </summary>
    private bool ExtendByAnother(SimulatedNode node, long known)
    {
        MetadataLogScan shortened = _scans[node.Id];
        foreach (SimulatedNode other in _cluster.Nodes.Where(other => other.IsRunning && other != node && shortened.Batches.Count > 0))
        {
            Refresh(other);
            BatchMark first = shortened.Batches[0].Mark;
            if (_scans[other.Id].Start <= _committed.End && _scans[other.Id].Batches.Any(batch => batch.Mark == first) && _committed.ExtendTo(first.Next, _scans[other.Id]))
            {
                return _committed.ExtendTo(known, shortened);
            }
        }

        return false;
    }

    /// <summary>
    /// Where that ends which a node knows to be committed. The quorum's leader knows it first, also in the moment in which it resigns. Brokers publish later, beside
    /// their other work, and only the newest of what came meanwhile, when a snapshot may have taken the place of all that stood before it in the log.
    /// </summary>
    private static long KnownAsCommitted(SimulatedNode node) =>
        Math.Max(node.Quorum?.HighWatermark.Value ?? 0, node.Broker?.Cluster.Image.LastOffset.Value + 1 ?? 0);

    private void Refresh(SimulatedNode node)
    {
        bool isLookedAt = node.Disk.IsLookedAt;
        node.Disk.IsLookedAt = true;
        _scans[node.Id].Refresh();
        node.Disk.IsLookedAt = isLookedAt;
    }

    private void LookAtLog(SimulatedNode node, MetadataLogScan scan)
    {
        // What it does not know to be committed may be a former leader's, and is cut off yet.
        long end = Math.Min(_committed.End, node.Broker?.Cluster.Image.LastOffset.Value + 1 ?? 0);
        for (; scan.Compared < scan.Batches.Count && scan.Batches[scan.Compared].Mark.Next <= end; scan.Compared++)
        {
            BatchMark mark = scan.Batches[scan.Compared].Mark;
            if (_committed.At(mark.First) is { } committed && committed != mark)
            {
                throw new BrokenRuleException("8 committed metadata never changes", $"node {node.Id} holds {mark}, committed was {committed}");
            }
        }
    }

    private void LookAtImage(SimulatedNode node)
    {
        if (node.Broker?.Cluster.Image is not { } known || known.LastOffset != _committed.Image.LastOffset || ReferenceEquals(_compared.GetValueOrDefault(node.Id), known))
        {
            return;
        }

        MetadataImage replayed = _committed.Image;
        bool isSame = known.Brokers.SequenceEqual(replayed.Brokers, new SameBroker()) && known.Topics.Count == replayed.Topics.Count
            && known.Topics.ById.Values.All(topic => topic.Equals(replayed.Topics.Find(topic.Id)));
        if (!isSame)
        {
            throw new BrokenRuleException("9 replay(log) = live state", $"node {node.Id} knows other brokers or topics at {known.LastOffset} than the log tells");
        }

        _compared[node.Id] = known;
    }

    /// <summary>A node that is down may hold it or not; those that run are looked at.</summary>
    private void LookForMajority()
    {
        foreach (SimulatedNode node in _cluster.Nodes.Where(node => node.IsRunning))
        {
            Refresh(node);
        }

        IReadOnlyList<int> voters = _committed.Voters ?? (_cluster.HasDynamicVoters ? [1] : [.. _cluster.Nodes.Where(node => _cluster.IsController(node.Id)).Select(node => node.Id)]);
        if (IsHeldByMajority(voters))
        {
            return;
        }

        // A change of the voters is in force for its leader as soon as it is written: what stands before it is committed by those that it names.
        if (!_scans.Values.Any(scan => scan.Holds(_committed.Last) && scan.VotersFrom(_committed.End) is { } changed && IsHeldByMajority(changed)))
        {
            string ends = string.Join(", ", _cluster.Nodes.Select(node => $"{node.Id} {(node.IsRunning ? "ends at" : "is down, ended at")} {_scans[node.Id].End}"));
            throw new BrokenRuleException("8 a majority holds what is committed", $"committed is up to {_committed.End}; a majority of the voters [{string.Join(' ', voters)}] lacks it; node {ends}");
        }
    }

    private bool IsHeldByMajority(IReadOnlyList<int> voters) =>
        voters.Count(id => !_cluster[id].IsRunning || _scans[id].Holds(_committed.Last)) >= (voters.Count / 2) + 1;

    private static byte[] BytesOf(MetadataImage image)
    {
        using var writer = new WireWriter();
        foreach (MetadataRecord record in ImageRecords.Of(image))
        {
            record.Write(writer);
        }

        return writer.WrittenSpan.ToArray();
    }

    private sealed class SameBroker : IEqualityComparer<KeyValuePair<int, BrokerImage>>
    {
        public bool Equals(KeyValuePair<int, BrokerImage> x, KeyValuePair<int, BrokerImage> y) =>
            (x.Key, x.Value.Epoch, x.Value.IncarnationId, x.Value.IsFenced, x.Value.IsInControlledShutdown)
            == (y.Key, y.Value.Epoch, y.Value.IncarnationId, y.Value.IsFenced, y.Value.IsInControlledShutdown);

        public int GetHashCode(KeyValuePair<int, BrokerImage> obj) => obj.Key;
    }
}
