using Tidemark.Primitives;

namespace Tidemark.Coordination.Tests.Offsets;

/// <summary>Topics that a test makes and deletes; a value of its own after each change, as an image is.</summary>
internal sealed class KnownTopics(params CoordinatorTopic[] topics) : ICoordinatorTopics
{
    public IEnumerable<CoordinatorTopic> All => topics.OrderBy(t => t.Name, StringComparer.Ordinal);

    public CoordinatorTopic? Find(string name) => topics.FirstOrDefault(t => t.Name == name);

    public CoordinatorTopic? Find(Uuid id) => topics.FirstOrDefault(t => t.Id == id);

    public static CoordinatorTopic Topic(string name, ulong id, int partitions = 3) => new(name, new Uuid(0, id), partitions, _ => []);

    public KnownTopics With(CoordinatorTopic topic) => new([.. topics.Where(t => t.Name != topic.Name), topic]);

    public KnownTopics Without(string name) => new([.. topics.Where(t => t.Name != name)]);
}
