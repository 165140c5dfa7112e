using System.Collections.Frozen;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Cluster;

/// <summary>A partition and who leads it; the leader is <see cref="BrokerId.None"/> while there is none.</summary>
public sealed record PartitionInfo(
    int Partition, BrokerId Leader, int LeaderEpoch, IReadOnlyList<int> Replicas, IReadOnlyList<int> Isr, IReadOnlyList<int> Offline);

/// <summary>A topic as metadata describes it, partitions in the order of their numbers.</summary>
public sealed record TopicInfo(string Name, Uuid Id, bool IsInternal, ErrorCode Error, IReadOnlyList<PartitionInfo> Partitions)
{
    /// <summary>The partition of that number.</summary>
    /// <exception cref="BrokerErrorException">The topic has fewer.</exception>
    public PartitionInfo Partition(int number) => number >= 0 && number < Partitions.Count
        ? Partitions[number]
        : throw new BrokerErrorException(ErrorCode.UnknownTopicOrPartition, $"Partition {Name}-{number}", $"the topic has {Partitions.Count} partitions");
}

/// <summary>A broker as metadata describes it.</summary>
public sealed record BrokerInfo(BrokerId Id, BrokerAddress Address, string? Rack);

/// <summary>What is known of the cluster: never changed, only replaced.</summary>
public sealed class ClusterMetadata
{
    public static readonly ClusterMetadata Empty = new(new MetadataResponse(), null);

    internal ClusterMetadata(MetadataResponse response, ClusterMetadata? before)
    {
        ClusterId = response.ClusterId;
        Controller = new BrokerId(response.ControllerId);
        Brokers = response.Brokers.ToFrozenDictionary(
            broker => new BrokerId(broker.NodeId),
            broker => new BrokerInfo(new BrokerId(broker.NodeId), new BrokerAddress(broker.Host, broker.Port), broker.Rack));
        var topics = before is null ? [] : new Dictionary<string, TopicInfo>(before.Topics);
        foreach (MetadataResponse.MetadataResponseTopic topic in response.Topics)
        {
            if (topic.Name is not null)
            {
                topics[topic.Name] = new TopicInfo(
                    topic.Name, topic.TopicId, topic.IsInternal, topic.ErrorCode, [.. topic.Partitions.Select(Read).OrderBy(partition => partition.Partition)]);
            }
        }

        Topics = topics.ToFrozenDictionary();
    }

    public string? ClusterId { get; }

    /// <summary>The broker that takes administrative requests.</summary>
    public BrokerId Controller { get; }

    public FrozenDictionary<BrokerId, BrokerInfo> Brokers { get; }

    public FrozenDictionary<string, TopicInfo> Topics { get; }

    /// <summary>The partition, null when the topic or the partition is not known.</summary>
    public PartitionInfo? Find(TopicPartition partition) =>
        Topics.TryGetValue(partition.Topic, out TopicInfo? topic) && partition.Partition >= 0 && partition.Partition < topic.Partitions.Count
            ? topic.Partitions[partition.Partition]
            : null;

    /// <summary>The partition's leader, where it has one that is among the brokers; else <see cref="BrokerId.None"/>.</summary>
    public BrokerId LeaderOf(TopicPartition partition) => Find(partition) is { } info && Brokers.ContainsKey(info.Leader) ? info.Leader : BrokerId.None;

    private static PartitionInfo Read(MetadataResponse.MetadataResponsePartition partition) => new(
        partition.PartitionIndex, new BrokerId(partition.LeaderId), partition.LeaderEpoch, partition.ReplicaNodes, partition.IsrNodes, partition.OfflineReplicas);
}
