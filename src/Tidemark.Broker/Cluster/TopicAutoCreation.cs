using Tidemark.Broker.Partitions;
using Tidemark.Metadata.Configuration;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// Makes topics that a client asked for and that do not exist, with the broker's defaults (<c>auto.create.topics.enable</c>), and the
/// broker's own topics with their own settings. Nobody waits for it: the client asks again. A name is under way only once.
/// </summary>
public sealed class TopicAutoCreation(ClusterState cluster, IClusterCommands commands)
{
    /// <summary>Names under way at once; beyond it a client has to ask again.</summary>
    private const int UnderWayMax = 1000;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);

    /// <summary>Makes what a client asked for by name, where asking may make topics: the broker's own ones are no exception.</summary>
    public void CreateAsked(IEnumerable<string> names)
    {
        if (cluster.Config.GetBoolean("auto.create.topics.enable"))
        {
            Create(names);
        }
    }

    /// <summary>Makes topics that are needed, such as a coordinator's.</summary>
    public void Create(IEnumerable<string> names)
    {
        BrokerConfig config = cluster.Config;
        var request = new CreateTopicsRequest { TimeoutMs = config.GetInt("request.timeout.ms") };
        lock (_lock)
        {
            foreach (string name in names)
            {
                if (Describe(name, config) is { } topic && _underWay.Count < UnderWayMax && _underWay.Add(name))
                {
                    request.Topics.Add(topic);
                }
            }
        }

        if (request.Topics.Count > 0)
        {
            _ = Run(request);
        }
    }

    private static CreateTopicsRequest.CreatableTopic? Describe(string name, BrokerConfig config) => name switch
    {
        InternalTopics.ClusterMetadata => null,
        InternalTopics.ConsumerOffsets => Internal(name, config, "offsets.topic.num.partitions", "offsets.topic.replication.factor", "offsets.topic.segment.bytes"),
        InternalTopics.TransactionState => Internal(
            name, config, "transaction.state.log.num.partitions", "transaction.state.log.replication.factor", "transaction.state.log.segment.bytes"),
        _ => new() { Name = name, NumPartitions = -1, ReplicationFactor = -1 },
    };

    private static CreateTopicsRequest.CreatableTopic Internal(string name, BrokerConfig config, string partitions, string replicas, string segmentBytes)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = config.GetInt(partitions),
            ReplicationFactor = (short)config.GetInt(replicas),
        };
        topic.Configs.Add(new() { Name = "cleanup.policy", Value = "compact" });
        topic.Configs.Add(new() { Name = "segment.bytes", Value = config.GetInt(segmentBytes).ToString(System.Globalization.CultureInfo.InvariantCulture) });
        topic.Configs.Add(new() { Name = "compression.type", Value = name == InternalTopics.TransactionState ? "uncompressed" : "producer" });
        if (name == InternalTopics.TransactionState)
        {
            topic.Configs.Add(new() { Name = "min.insync.replicas", Value = config.GetInt("transaction.state.log.min.isr").ToString(System.Globalization.CultureInfo.InvariantCulture) });
            topic.Configs.Add(new() { Name = "unclean.leader.election.enable", Value = "false" });
        }

        return topic;
    }

    private async Task Run(CreateTopicsRequest request)
    {
        try
        {
            await commands.CreateTopics(request);
        }
        finally
        {
            lock (_lock)
            {
                foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics)
                {
                    _underWay.Remove(topic.Name);
                }
            }
        }
    }
}
