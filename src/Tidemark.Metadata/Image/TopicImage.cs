using System.Collections.Immutable;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Image;

/// <summary>A topic and its partitions, which are numbered from 0 without gaps.</summary>
public sealed record TopicImage(string Name, Uuid Id, ImmutableArray<PartitionImage> Partitions)
{
    /// <summary>The topic of committed offsets and group state.</summary>
    public const string ConsumerOffsets = "__consumer_offsets";

    /// <summary>The topic of transaction state.</summary>
    public const string TransactionState = "__transaction_state";

    /// <summary>The topic of share groups' state.</summary>
    public const string ShareGroupState = "__share_group_state";

    /// <summary>The metadata log, which is no topic that clients may make.</summary>
    public const string ClusterMetadata = "__cluster_metadata";

    /// <summary>True for topics that belong to the brokers; clients see the mark in Metadata.</summary>
    public bool IsInternal => IsInternalName(Name);

    public static bool IsInternalName(string name) => name is ConsumerOffsets or TransactionState or ShareGroupState;

    /// <summary>The partition; null when the number is out of range.</summary>
    public PartitionImage? Partition(int id) => (uint)id < (uint)Partitions.Length ? Partitions[id] : null;

    public bool Equals(TopicImage? other) =>
        other is not null && Name == other.Name && Id == other.Id && Partitions.AsSpan().SequenceEqual(other.Partitions.AsSpan());

    public override int GetHashCode() => Id.GetHashCode();
}
