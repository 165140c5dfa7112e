using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Broker.Cluster;

/// <summary>The cluster as this broker knows it: the latest image of the metadata that was published, read by all without a lock.</summary>
public sealed class ClusterState(string clusterId, BrokerId self, BrokerConfig fileConfig) : IClusterView, IFeatureView, IBrokerStandings
{
    private static readonly IReadOnlyList<FeatureRange> s_supported =
        [.. FeatureTable.Supported.Select(f => new FeatureRange(f.Key, f.Value.Lowest, f.Value.Highest))];

    private volatile MetadataImage _image = MetadataImage.Empty;
    private volatile MetadataImage _standings = MetadataImage.Empty;
    private volatile BrokerConfig _config = fileConfig;

    public string ClusterId => clusterId;

    public BrokerId Self => self;

    public MetadataImage Image => _image;

    /// <summary>Which leaders leave this broker without an answer.</summary>
    public LeaderSilence? Silence { get; init; }

    /// <summary>This broker's configuration with what was set at run time.</summary>
    public BrokerConfig Config => _config;

    /// <summary>The level of kraft.version, which stands among the quorum's own records and not in the image.</summary>
    public Func<short> KRaftVersion { get; init; } = () => 0;

    /// <summary>Called, one at a time, when something was set at run time; the layers outside the broker keep limits of their own.</summary>
    public Action<BrokerConfig>? ConfigChanged { get; set; }

    /// <summary>Called, one at a time, when another image is in force.</summary>
    public Action<MetadataImage>? Taken { get; set; }

    public IReadOnlyList<FeatureRange> Supported => s_supported;

    public FinalizedFeatures Finalized
    {
        get
        {
            MetadataImage image = _image;
            List<FeatureLevel> levels = [];
            foreach ((string name, short finalized) in image.Features)
            {
                levels.Add(new FeatureLevel(name, finalized));
            }

            if (KRaftVersion() is > 0 and var level)
            {
                levels.Add(new FeatureLevel(FeatureTable.Kraft, level));
            }

            return new FinalizedFeatures(image.LastOffset.Value, levels);
        }
    }

    /// <summary>Any broker that clients may send controller requests to: every broker passes them on.</summary>
    public int ControllerIdForClients
    {
        get
        {
            MetadataImage image = _image;
            return image.Brokers.TryGetValue(self.Value, out BrokerImage? own) && !own.IsFenced ? self.Value
                : image.Brokers.Values.FirstOrDefault(b => !b.IsFenced)?.Id ?? -1;
        }
    }

    /// <summary>False for a broker that clients should not be sent to now: it is fenced, or about to be by all that is known here.</summary>
    public bool MayBeNamed(BrokerImage broker) => !broker.IsFenced && Silence?.IsSilent(broker.Id) != true;

    /// <summary>The brokers that clients are told of, by id.</summary>
    public IEnumerable<BrokerEndpoint> AliveBrokers(string listenerName)
    {
        foreach (BrokerImage broker in _image.Brokers.Values)
        {
            if (MayBeNamed(broker) && broker.Endpoint(listenerName) is { } at)
            {
                yield return new BrokerEndpoint(new BrokerId(broker.Id), at.Host, at.Port, broker.Rack);
            }
        }
    }

    /// <summary>Where a broker is reached on a listener, fenced or not; null when it is not registered or has no such listener.</summary>
    public BrokerEndpoint? EndpointOf(BrokerId broker, string listenerName) =>
        _image.Brokers.TryGetValue(broker.Value, out BrokerImage? image) && image.Endpoint(listenerName) is { } at
            ? new BrokerEndpoint(broker, at.Host, at.Port, image.Rack)
            : null;

    /// <summary>The rack of a broker that clients of the listener may be sent to; null for all others and those that name none.</summary>
    public string? RackOf(string listenerName, BrokerId broker) =>
        _image.Brokers.TryGetValue(broker.Value, out BrokerImage? image) && !image.IsFenced && image.Endpoint(listenerName) is not null ? image.Rack : null;

    public LeaderHint LeaderOf(Uuid topicId, int partition, string listenerName)
    {
        MetadataImage image = _image;
        if (!image.Topics.TryFind(new TopicIdPartition(topicId, partition), out _, out PartitionImage? found))
        {
            return new LeaderHint(BrokerId.None, LeaderEpoch.Unknown, null);
        }

        BrokerEndpoint? endpoint = image.Brokers.TryGetValue(found.Leader, out BrokerImage? broker) && !broker.IsFenced && broker.Endpoint(listenerName) is { } at
            ? new BrokerEndpoint(new BrokerId(broker.Id), at.Host, at.Port, broker.Rack)
            : null;
        return new LeaderHint(new BrokerId(found.Leader), found.LeaderEpoch, endpoint);
    }

    public BrokerStanding? Find(BrokerId broker) =>
        _standings.Brokers.TryGetValue(broker.Value, out BrokerImage? image)
            ? new BrokerStanding(image.Epoch, image.IsFenced, image.IsInControlledShutdown)
            : null;

    /// <summary>
    /// Who is fenced and who shuts down, before the partitions take what follows from it: a leader that hears that a follower left the in-sync set
    /// would wait for it if it were still thought to be alive, and nobody tells it again.
    /// </summary>
    internal void TakeStandings(MetadataImage image) => _standings = image;

    /// <summary>Called by the metadata publisher alone, when the partitions have followed.</summary>
    internal void Take(MetadataImage image, BrokerConfig config)
    {
        _standings = image;
        bool changed = !ReferenceEquals(_config, config);
        _config = config;
        _image = image;
        if (changed)
        {
            ConfigChanged?.Invoke(config);
        }

        Taken?.Invoke(image);
    }
}
