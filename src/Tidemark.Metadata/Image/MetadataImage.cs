using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>
/// The whole state of the cluster as of one offset of the metadata log. Immutable: readers keep the one they took.
/// Only applying a record makes another.
/// </summary>
public sealed record MetadataImage
{
    public static MetadataImage Empty { get; } = new();

    /// <summary>The last record that is in here; -1 in the empty image.</summary>
    public Offset LastOffset { get; init; } = Offset.Unknown;

    /// <summary>The quorum's epoch of that record.</summary>
    public LeaderEpoch LastEpoch { get; init; } = LeaderEpoch.Unknown;

    /// <summary>When that record was written, in milliseconds of Unix time.</summary>
    public long LastTimestampMs { get; init; } = -1;

    public TopicsImage Topics { get; init; } = TopicsImage.Empty;

    public ImmutableSortedDictionary<int, BrokerImage> Brokers { get; init; } = ImmutableSortedDictionary<int, BrokerImage>.Empty;

    public ImmutableSortedDictionary<int, ControllerImage> Controllers { get; init; } = ImmutableSortedDictionary<int, ControllerImage>.Empty;

    /// <summary>The finalized level of each feature, metadata.version among them; a feature that is not there has level 0.</summary>
    public ImmutableSortedDictionary<string, short> Features { get; init; } = ImmutableSortedDictionary.Create<string, short>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<ConfigResource, ImmutableSortedDictionary<string, string>> Configs { get; init; } =
        ImmutableSortedDictionary<ConfigResource, ImmutableSortedDictionary<string, string>>.Empty;

    public ImmutableSortedDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>> ClientQuotas { get; init; } =
        ImmutableSortedDictionary<QuotaEntity, ImmutableSortedDictionary<string, double>>.Empty;

    public ImmutableSortedDictionary<ScramUser, ScramCredentialImage> ScramCredentials { get; init; } =
        ImmutableSortedDictionary<ScramUser, ScramCredentialImage>.Empty;

    /// <summary>The first producer id that was not given to any broker; -1 when none was given yet.</summary>
    public long NextProducerId { get; init; } = -1;

    /// <summary>Rules of access by their id. The messages are never changed.</summary>
    public ImmutableSortedDictionary<Uuid, AccessControlEntryRecord> AccessRules { get; init; } =
        ImmutableSortedDictionary<Uuid, AccessControlEntryRecord>.Empty;

    /// <summary>Delegation tokens by their id. The messages are never changed.</summary>
    public ImmutableSortedDictionary<string, DelegationTokenRecord> DelegationTokens { get; init; } =
        ImmutableSortedDictionary.Create<string, DelegationTokenRecord>(StringComparer.Ordinal);

    public MetadataVersion Version =>
        Features.TryGetValue(MetadataVersion.Feature, out short level) ? new MetadataVersion(level) : MetadataVersion.Default;

    /// <summary>True when no record was ever applied, so that the first records are still to be written.</summary>
    public bool IsEmpty => Features.IsEmpty && Brokers.IsEmpty && Topics.Count == 0 && Configs.IsEmpty;

    /// <summary>Whether the ELR of KIP-966 is kept.</summary>
    public bool KeepsEligibleLeaderReplicas => Features.GetValueOrDefault(FeatureTable.EligibleLeaderReplicas) > 0;

    /// <summary>What was set for a resource; empty when nothing was.</summary>
    public ImmutableSortedDictionary<string, string> ConfigOf(ConfigResource resource) =>
        Configs.TryGetValue(resource, out ImmutableSortedDictionary<string, string>? values) ? values : NoConfig;

    /// <summary>A broker's configuration: its file, and what the log says for all brokers and for this one.</summary>
    public BrokerConfig BrokerConfig(int id, BrokerConfig ofFile) =>
        ofFile.WithDynamic(ConfigOf(ConfigResource.AllBrokers), ConfigOf(ConfigResource.Broker(id)));

    /// <summary>Who has to know of a new topic before its maker does: the brokers that clients are sent to.</summary>
    public IEnumerable<int> ToldOfTopics => Brokers.Values.Where(broker => !broker.IsFenced).Select(broker => broker.Id);

    /// <summary>True when a replica's broker is alive and has not lost the directory in which it keeps it.</summary>
    public bool HasOnline(PartitionImage partition, int replica) =>
        Brokers.TryGetValue(replica, out BrokerImage? broker) && !broker.IsFenced && broker.HasDirectory(partition.DirectoryOf(replica));

    public bool IsActive(int broker) => Brokers.TryGetValue(broker, out BrokerImage? image) && image.IsActive;

    /// <summary>The image after one record more.</summary>
    public MetadataImage Apply(IMetadataRecord record)
    {
        var delta = new MetadataDelta(this);
        delta.Replay(record);
        return delta.ToImage(LastOffset + 1, LastEpoch, LastTimestampMs);
    }

    /// <summary>The image after the records of one batch.</summary>
    public MetadataImage Apply(IEnumerable<MetadataRecord> records, Offset lastOffset, LeaderEpoch epoch, long timestampMs)
    {
        var delta = new MetadataDelta(this);
        foreach (MetadataRecord record in records)
        {
            delta.Replay(record.Message);
        }

        return delta.ToImage(lastOffset, epoch, timestampMs);
    }

    internal static ImmutableSortedDictionary<string, string> NoConfig { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
}
