using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Elections;

/// <summary>
/// What an election has to know of the cluster: who can lead, and the topics' limits. A command that changes a broker and its partitions
/// in one step gives the broker as it will be.
/// </summary>
/// <param name="changed">The broker that the command changes, as it will be; null when none.</param>
/// <param name="removed">A broker that the command forgets; -1 when none.</param>
/// <param name="lost">
/// Directories that the changed broker loses. That it has none of them any more does not tell: one without any directory looks like one that never named any.
/// </param>
public sealed class ClusterView(MetadataImage image, BrokerConfig config, BrokerImage? changed = null, int removed = -1, IReadOnlySet<Uuid>? lost = null)
{
    private readonly Dictionary<string, int> _minInSync = new(StringComparer.Ordinal);

    public MetadataImage Image => image;

    public MetadataVersion Version => image.Version;

    public bool KeepsEligibleLeaderReplicas => image.KeepsEligibleLeaderReplicas && image.Version.HasEligibleLeaderReplicas;

    public BrokerImage? Broker(int id) =>
        id == removed ? null
        : id == changed?.Id ? changed
        : image.Brokers.GetValueOrDefault(id);

    /// <summary>True when the broker is alive and the directory that the partition has on it is not known to be lost.</summary>
    public bool CanLead(int id, Uuid directory) => Broker(id) is { IsActive: true } broker && broker.HasDirectory(directory) && !(id == changed?.Id && lost?.Contains(directory) == true);

    /// <summary>How many replicas in sync the topic's acknowledged records need, as configured.</summary>
    public int MinInSync(string topic)
    {
        if (!_minInSync.TryGetValue(topic, out int value))
        {
            value = TopicSetting(topic, "min.insync.replicas")?.AsInt() ?? 1;
            _minInSync[topic] = value;
        }

        return value;
    }

    public bool AllowsUnclean(string topic) => TopicSetting(topic, "unclean.leader.election.enable")?.AsBoolean() ?? false;

    /// <summary>The directory of a new replica: the broker's only one, or zero, so that the broker chooses.</summary>
    public Uuid DefaultDirectory(int id)
    {
        if (Broker(id) is not { } broker)
        {
            return Uuid.Zero;
        }

        Uuid[] open = [.. broker.Directories.Where(directory => broker.CordonedDirectories?.Contains(directory) != true)];
        return open.Length == 1 && broker.Directories.Length == 1 ? open[0] : Uuid.Zero;
    }

    private ConfigValue? TopicSetting(string topic, string key) =>
        image.ConfigOf(ConfigResource.Topic(topic)).TryGetValue(key, out string? raw)
            && ConfigValue.TryParse(ConfigTable.Topic.Find(key)!, raw, out ConfigValue value, out _)
            ? value
            : config.Find(key);
}
