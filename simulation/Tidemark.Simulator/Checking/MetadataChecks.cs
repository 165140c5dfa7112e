using Tidemark.Broker.Cluster;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Files;

namespace Tidemark.Simulator.Checking;

/// <summary>Looks at the quorum and at what every node knows of the cluster: nothing goes back, and nothing committed differs.</summary>
public sealed class MetadataChecks(SimulatedCluster cluster)
{
    private const string Log = "/data/__cluster_metadata-0/00000000000000000000.log";
    private readonly Dictionary<int, int> _controllers = [];
    private readonly Dictionary<int, int> _epochs = [];
    private readonly Dictionary<PartitionId, (int Leader, int Partition)> _partitionEpochs = [];
    private readonly Dictionary<int, long> _brokerEpochs = [];
    private MetadataImage _newest = MetadataImage.Empty;

    /// <summary>How many controllers were seen.</summary>
    public int Elections => _controllers.Count;

    /// <summary>How often a partition changed.</summary>
    public int PartitionChanges { get; private set; }

    /// <summary>The newest committed metadata that any node has published.</summary>
    public MetadataImage Newest
    {
        get
        {
            foreach (SimulatedNode node in cluster.Nodes)
            {
                if (node is { IsRunning: true, Broker: { } broker } && broker.Cluster.Image is { } image && image.LastOffset > _newest.LastOffset)
                {
                    _newest = image;
                }
            }

            return _newest;
        }
    }

    public void Look()
    {
        foreach (SimulatedNode node in cluster.Nodes.Where(node => node.IsRunning && node.Started.IsCompleted))
        {
            LookAtQuorum(node);
        }

        MetadataImage newest = Newest;
        foreach ((int id, BrokerImage broker) in newest.Brokers)
        {
            if (_brokerEpochs.TryGetValue(id, out long before) && before > broker.Epoch)
            {
                throw new BrokenRuleException("7 epochs never go back", $"broker {id} had epoch {before} and has {broker.Epoch}");
            }

            _brokerEpochs[id] = broker.Epoch;
        }

        foreach (TopicImage topic in newest.Topics.InOrder())
        {
            foreach (PartitionImage partition in topic.Partitions)
            {
                LookAt(newest, new PartitionId(topic.Name, topic.Id, partition.Id), partition);
            }
        }
    }

    /// <summary>Compares the metadata logs on all disks up to the end that all have committed.</summary>
    public void LookAtTheEnd()
    {
        List<BatchMark>? first = null;
        long to = cluster.Nodes.Min(node => node.Broker!.Cluster.Image.LastOffset.Value);
        foreach (SimulatedNode node in cluster.Nodes.Where(node => node.Disk.FileExists(Log)))
        {
            List<BatchMark> marks = [.. Read(node.Disk).TakeWhile(mark => mark.Next <= to + 1)];
            if (first is not null && !marks.SequenceEqual(first))
            {
                throw new BrokenRuleException("8 metadata logs are prefixes of one", $"node {node.Id} differs from node 1 below {to}");
            }

            first ??= marks;
        }
    }

    private void LookAtQuorum(SimulatedNode node)
    {
        ControllerLocation controller = node.Quorum!.Controller;
        int epoch = node.Quorum.Epoch.Value;
        if (_epochs.TryGetValue(node.Id, out int before) && epoch < before)
        {
            throw new BrokenRuleException("7 epochs never go back", $"node {node.Id} was in quorum epoch {before} and is in {epoch}");
        }

        _epochs[node.Id] = epoch;
        if (controller.Node != BrokerId.None && !_controllers.TryAdd(controller.Epoch.Value, controller.Node.Value) && _controllers[controller.Epoch.Value] != controller.Node.Value)
        {
            throw new BrokenRuleException("1 one controller an epoch", $"nodes {_controllers[controller.Epoch.Value]} and {controller.Node} in epoch {controller.Epoch}");
        }
    }

    private void LookAt(MetadataImage image, PartitionId id, PartitionImage partition)
    {
        (int Leader, int Partition) now = (partition.LeaderEpoch.Value, partition.PartitionEpoch);
        if (_partitionEpochs.TryGetValue(id, out (int Leader, int Partition) before))
        {
            if (now.Leader < before.Leader || now.Partition < before.Partition)
            {
                throw new BrokenRuleException("7 epochs never go back", $"{id} had epochs {before} and has {now}");
            }

            if (now == before)
            {
                return;
            }

            PartitionChanges++;
        }

        _partitionEpochs[id] = now;
        bool within = partition.Isr.All(partition.Replicas.Contains) && partition.EligibleLeaderReplicas.All(partition.Replicas.Contains);
        if (!within || partition.Isr.Any(partition.EligibleLeaderReplicas.Contains))
        {
            throw new BrokenRuleException("6 in sync and eligible lie apart within the replicas", Describe(id, partition));
        }

        if (image.KeepsEligibleLeaderReplicas && partition.Isr.Any(member => !image.Brokers.TryGetValue(member, out BrokerImage? broker) || broker.IsFenced))
        {
            throw new BrokenRuleException("6 no fenced broker is in sync", Describe(id, partition));
        }

        if (partition.HasLeader && !partition.Isr.Contains(partition.Leader))
        {
            throw new BrokenRuleException("6 the leader is in sync", Describe(id, partition));
        }
    }

    private static string Describe(PartitionId id, PartitionImage partition) =>
        $"{id}: leader {partition.Leader}, replicas [{string.Join(' ', partition.Replicas)}], in sync [{string.Join(' ', partition.Isr)}], eligible [{string.Join(' ', partition.EligibleLeaderReplicas)}]";

    private static List<BatchMark> Read(MemoryDisk disk)
    {
        using IDiskFile file = disk.OpenFile(Log, DiskOpen.Existing);
        byte[] bytes = new byte[file.Length];
        file.Read(0, bytes);
        var marks = new List<BatchMark>();
        StoredBatches.Walk(bytes, marks, null);
        return marks;
    }
}
