using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Tidemark.Primitives;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// Finds topics and their local partitions without a lock, by the bytes of the name or by id. Only the metadata publisher changes it.
/// </summary>
public sealed class PartitionRegistry
{
    private const int NameBytesMax = 249 * 3;

    private readonly ConcurrentDictionary<byte[], TopicPartitions> _byName = new(Utf8NameComparer.Instance);
    private readonly ConcurrentDictionary<byte[], TopicPartitions>.AlternateLookup<ReadOnlySpan<byte>> _byNameBytes;
    private readonly ConcurrentDictionary<Uuid, TopicPartitions> _byId = new();

    public PartitionRegistry() => _byNameBytes = _byName.GetAlternateLookup<ReadOnlySpan<byte>>();

    public bool TryFind(ReadOnlySpan<byte> utf8Name, [NotNullWhen(true)] out TopicPartitions? topic) => _byNameBytes.TryGetValue(utf8Name, out topic);

    public bool TryFind(Uuid id, [NotNullWhen(true)] out TopicPartitions? topic) => _byId.TryGetValue(id, out topic);

    public bool TryFind(string name, [NotNullWhen(true)] out TopicPartitions? topic)
    {
        Span<byte> bytes = stackalloc byte[NameBytesMax];
        topic = null;
        return Encoding.UTF8.TryGetBytes(name, bytes, out int written) && _byNameBytes.TryGetValue(bytes[..written], out topic);
    }

    /// <summary>The local replica of a partition, or null.</summary>
    public Partition? Find(TopicPartition partition) => TryFind(partition.Topic, out TopicPartitions? topic) ? topic.Find(partition.Partition) : null;

    /// <summary>All local partitions by topic name and number: an order that no run changes.</summary>
    public IReadOnlyList<Partition> All() =>
        [.. Topics().SelectMany(t => t.Local)];

    /// <summary>Whether any local partition is like this. Cheaper than going through <see cref="All"/>, for questions asked every second.</summary>
    public bool Any(Func<Partition, bool> predicate)
    {
        foreach (KeyValuePair<Uuid, TopicPartitions> topic in _byId)
        {
            if (topic.Value.Any(predicate))
            {
                return true;
            }
        }

        return false;
    }

    public IReadOnlyList<TopicPartitions> Topics()
    {
        TopicPartitions[] topics = [.. _byId.Values];
        Array.Sort(topics, static (a, b) => string.CompareOrdinal(a.Name, b.Name) is var order and not 0 ? order : a.Id.CompareTo(b.Id));
        return topics;
    }

    internal TopicPartitions Add(string name, Uuid id)
    {
        var topic = new TopicPartitions(name, id);
        _byId[id] = topic;
        _byName[Encoding.UTF8.GetBytes(name)] = topic;
        return topic;
    }

    internal void Remove(TopicPartitions topic)
    {
        _byId.TryRemove(topic.Id, out _);
        byte[] name = Encoding.UTF8.GetBytes(topic.Name);

        // A topic that was created again under the name may already have taken the place.
        _byName.TryRemove(new KeyValuePair<byte[], TopicPartitions>(name, topic));
    }
}
