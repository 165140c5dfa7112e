using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Image;

/// <summary>All topics, by name and by id.</summary>
public sealed class TopicsImage
{
    internal TopicsImage(ImmutableDictionary<string, TopicImage> byName, ImmutableDictionary<Uuid, TopicImage> byId)
    {
        ByName = byName;
        ById = byId;
    }

    public static TopicsImage Empty { get; } = new(
        ImmutableDictionary.Create<string, TopicImage>(StringComparer.Ordinal),
        ImmutableDictionary<Uuid, TopicImage>.Empty);

    public ImmutableDictionary<string, TopicImage> ByName { get; }

    public ImmutableDictionary<Uuid, TopicImage> ById { get; }

    public int Count => ById.Count;

    public TopicImage? Find(string name) => ByName.GetValueOrDefault(name);

    public TopicImage? Find(Uuid id) => ById.GetValueOrDefault(id);

    public bool TryFind(TopicIdPartition at, [NotNullWhen(true)] out TopicImage? topic, [NotNullWhen(true)] out PartitionImage? partition)
    {
        topic = Find(at.TopicId);
        partition = topic?.Partition(at.Partition);
        return partition is not null;
    }

    public PartitionImage? Find(TopicPartition at) => Find(at.Topic)?.Partition(at.Partition);

    /// <summary>All topics in the order of their names, for answers that must not differ from run to run.</summary>
    public IEnumerable<TopicImage> InOrder() => ById.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal);
}
