using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Replicating;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Replication;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// Brings every new image of the metadata into the broker: logs are made and deleted, leaderships begin and end, configurations take
/// effect; then all see the image. Called by one thread, image after image in the order of the log. Partitions come before the
/// image, so that a client that reads of a topic finds it served.
/// </summary>
internal sealed class MetadataPublisher(
    ClusterState cluster,
    BrokerConfig fileConfig,
    PartitionRegistry registry,
    LogDirectories directories,
    PartitionServices services,
    ReplicaFetchers fetchers,
    DirectoryAssignments assignments,
    Action onDeleted,
    ILogger log)
{
    private readonly PartitionConfigs _configs = new();

    private readonly int _directoriesNamed = fileConfig.LogDirectories.Length;

    /// <summary>The first image may be far ahead of the last one of an earlier life: logs that it does not know are put aside.</summary>
    public void PublishFirst(MetadataImage image)
    {
        Publish(image);
        foreach (StoredPartition stored in directories.Partitions.ToArray())
        {
            TopicPartition name = stored.Log.Partition;
            if (image.Topics.Find(name)?.Replicas.Contains(cluster.Self.Value) != true)
            {
                PublisherLog.Stray(log, name.ToString());
                Guard(() => directories.PutAside(name));
            }
        }
    }

    /// <summary>How each log is kept, as the image says; by the defaults where it knows no such topic. May be asked by many threads.</summary>
    public Func<TopicPartition, Uuid, LogOptions> OptionsOfLogs(MetadataImage image)
    {
        BrokerConfig config = image.BrokerConfig(cluster.Self.Value, fileConfig);
        LogOptions ofAll = _configs.Of(ImmutableDictionary<string, string>.Empty, config).Log;
        var ofSome = new Dictionary<string, LogOptions>();
        foreach (TopicImage topic in image.Topics.ById.Values)
        {
            LogOptions own = _configs.Of(image.ConfigOf(ConfigResource.Topic(topic.Name)), config).Log;
            if (!ReferenceEquals(own, ofAll))
            {
                ofSome.Add(topic.Name, own);
            }
        }

        return (partition, _) => ofSome.GetValueOrDefault(partition.Topic, ofAll);
    }

    public void Publish(MetadataImage image)
    {
        MetadataImage before = cluster.Image;
        BrokerConfig config = ReferenceEquals(before.Configs, image.Configs) && before.LastOffset != Offset.Unknown
            ? cluster.Config
            : image.BrokerConfig(cluster.Self.Value, fileConfig);
        cluster.TakeStandings(image);
        if (!ReferenceEquals(before.Topics, image.Topics))
        {
            RemoveTopics(before, image);
            ChangeTopics(before, image, config);
        }

        if (!ReferenceEquals(before.Configs, image.Configs))
        {
            Configure(image, config);
        }

        cluster.Take(image, config);

        // Only now does the cluster know where the leaders are.
        fetchers.Begin();
        assignments.Tell();
    }

    private void RemoveTopics(MetadataImage before, MetadataImage image)
    {
        List<TopicPartition> gone = [];
        foreach (TopicImage old in before.Topics.ById.Values.Where(t => image.Topics.Find(t.Id) is null).OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            if (registry.TryFind(old.Id, out TopicPartitions? topic))
            {
                registry.Remove(topic);
                foreach (Partition partition in topic.Local)
                {
                    StopServing(partition);
                    gone.Add(partition.Name);
                }
            }
        }

        Delete(gone);
    }

    private void ChangeTopics(MetadataImage before, MetadataImage image, BrokerConfig config)
    {
        foreach (TopicImage topic in image.Topics.ById.Values
            .Where(t => !ReferenceEquals(before.Topics.Find(t.Id), t))
            .OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            if (!registry.TryFind(topic.Id, out TopicPartitions? local))
            {
                local = registry.Add(topic.Name, topic.Id);
            }

            PartitionConfig settings = _configs.Of(image.ConfigOf(ConfigResource.Topic(topic.Name)), config);
            local.Resize(topic.Partitions.Length);
            TopicImage? old = before.Topics.Find(topic.Id);
            foreach (PartitionImage partition in topic.Partitions)
            {
                if (old is not null && partition.Id < old.Partitions.Length && ReferenceEquals(old.Partitions[partition.Id], partition))
                {
                    // Of thousands of partitions one may have changed.
                    continue;
                }

                Apply(topic, partition, local, settings, config);
            }
        }
    }

    private void Apply(TopicImage topic, PartitionImage image, TopicPartitions local, PartitionConfig settings, BrokerConfig config)
    {
        Partition? partition = local.Find(image.Id);
        if (!image.Replicas.Contains(cluster.Self.Value))
        {
            if (partition is not null)
            {
                local.Put(image.Id, null);
                StopServing(partition);
                Delete([partition.Name]);
            }

            return;
        }

        bool isNew = partition is null;
        partition ??= Open(topic, image, settings, config);
        if (image.Leader == cluster.Self.Value)
        {
            fetchers.Drop(partition);
            partition.Lead(new PartitionLeadership(
                image.LeaderEpoch,
                image.PartitionEpoch,
                Brokers(image.Replicas),
                Brokers(image.Isr),
                (LeaderRecovery)image.LeaderRecoveryState), settings);
        }
        else
        {
            Follow(partition, image);
        }

        if (isNew)
        {
            local.Put(image.Id, partition);
        }

        NoteDirectory(partition, image);
    }

    private static BrokerId[] Brokers(ImmutableArray<int> ids)
    {
        var brokers = new BrokerId[ids.Length];
        for (int i = 0; i < brokers.Length; i++)
        {
            brokers[i] = new BrokerId(ids[i]);
        }

        return brokers;
    }

    /// <summary>Where the broker chose the directory, or metadata is wrong about it, the controller is to know.</summary>
    private void NoteDirectory(Partition partition, PartitionImage image)
    {
        if (partition.Log is not null && directories.TryGet(partition.Name, out StoredPartition stored)
            && !stored.Directory.Id.IsZero && stored.Directory.Id != image.DirectoryOf(cluster.Self.Value))
        {
            assignments.Note(new TopicIdPartition(partition.TopicId, image.Id), stored.Directory.Id);
        }
    }

    private void Follow(Partition partition, PartitionImage image)
    {
        if (partition.Follow(new BrokerId(image.Leader), image.LeaderEpoch))
        {
            fetchers.Follow(partition);
        }
        else if (partition.Follower is null)
        {
            fetchers.Drop(partition);
        }
    }

    private Partition Open(TopicImage topic, PartitionImage image, PartitionConfig settings, BrokerConfig config)
    {
        var name = new TopicPartition(topic.Name, image.Id);
        StoredPartition? stored = null;
        Guard(() =>
        {
            if (directories.TryGet(name, out StoredPartition found) && !found.TopicId.IsZero && found.TopicId != topic.Id)
            {
                // A log of a topic of the same name that was deleted while this broker was away.
                directories.Delete(name);
                onDeleted();
            }

            if (MayBeInAbsentDirectory(name, image))
            {
                return;
            }

            stored = directories.GetOrCreate(name, topic.Id, settings.Log, DirectoryFor(image, config));
            stored.Log.Options = settings.Log;
        });
        return new Partition(name, topic.Id, settings, stored?.Log, stored?.CheckpointedHighWatermark ?? Offset.Zero, services);
    }

    /// <summary>Whether one of the directories that the file names failed: at its opening, when it was left out, or since.</summary>
    private bool LacksDirectory => directories.All.Any(d => d.IsOffline) || directories.All.Count < _directoriesNamed;

    /// <summary>
    /// True when the replica was in a directory that is not here and may come back. It is not made anew then: with an empty one in its place the controller would count
    /// on it no more, also where nobody else holds what it does (KIP-858).
    /// </summary>
    private bool MayBeInAbsentDirectory(TopicPartition name, PartitionImage image)
    {
        Uuid assigned = image.DirectoryOf(cluster.Self.Value);
        return LacksDirectory && !assigned.IsZero && directories.All.All(d => d.Id != assigned || d.IsOffline) && !directories.TryGet(name, out _);
    }

    /// <summary>The directory that the metadata assigns; null leaves it to where the fewest partitions are.</summary>
    private LogDirectory? DirectoryFor(PartitionImage image, BrokerConfig config)
    {
        Uuid assigned = image.DirectoryOf(cluster.Self.Value);
        return directories.All.FirstOrDefault(d => !d.IsOffline && !assigned.IsZero && d.Id == assigned) ?? Uncordoned(config);
    }

    /// <summary>Of the directories that <c>cordoned.log.dirs</c> does not close to new partitions, the one with the fewest.</summary>
    private LogDirectory? Uncordoned(BrokerConfig config)
    {
        var cordoned = new CordonedDirectories(config);
        if (cordoned.IsEmpty)
        {
            return null;
        }

        return directories.All
            .Where(d => !d.IsOffline && !cordoned.Contains(d.Path))
            .MinBy(d => directories.Partitions.Count(p => ReferenceEquals(p.Directory, d)));
    }

    private void Configure(MetadataImage image, BrokerConfig config)
    {
        foreach (TopicPartitions topic in registry.Topics())
        {
            PartitionConfig settings = _configs.Of(image.ConfigOf(ConfigResource.Topic(topic.Name)), config);
            foreach (Partition partition in topic.Local)
            {
                if (partition.Config != settings)
                {
                    partition.Configure(settings);
                }
            }
        }
    }

    private void StopServing(Partition partition)
    {
        fetchers.Drop(partition);
        partition.StopLeading(ErrorCode.UnknownTopicOrPartition);
    }

    private void Delete(List<TopicPartition> gone)
    {
        if (gone.Count > 0)
        {
            directories.Delete(gone);
            onDeleted();
        }
    }

    /// <summary>A failing disk takes its own directory offline, as the directories themselves see to; the metadata goes on.</summary>
    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (IOException e)
        {
            PublisherLog.DiskFailed(log, e);
        }
    }
}
