namespace Tidemark.Primitives;

/// <summary>A node of the cluster, by its <c>node.id</c>.</summary>
public readonly record struct BrokerId(int Value) : IComparable<BrokerId>
{
    /// <summary>No node, for example the leader of a partition that has none.</summary>
    public static readonly BrokerId None = new(-1);

    public int CompareTo(BrokerId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>The number under which an idempotent producer writes.</summary>
public readonly record struct ProducerId(long Value)
{
    /// <summary>What a batch of a producer without idempotence carries.</summary>
    public static readonly ProducerId None = new(-1);

    public override string ToString() => Value.ToString();
}

/// <summary>A partition by its topic's name, as directories and old clients name it.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>The directory's name: topic, a hyphen, the partition's number.</summary>
    public override string ToString() => $"{Topic}-{Partition}";
}

/// <summary>A partition by its topic's id, which a topic that was deleted and created again does not share.</summary>
public readonly record struct TopicIdPartition(Uuid TopicId, int Partition)
{
    public override string ToString() => $"{TopicId}:{Partition}";
}
