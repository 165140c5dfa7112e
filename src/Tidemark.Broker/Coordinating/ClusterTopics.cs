using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>The topics of an image of the metadata, as coordinators see them.</summary>
public sealed class ClusterTopics(MetadataImage image) : ICoordinatorTopics
{
    public IEnumerable<CoordinatorTopic> All => image.Topics.InOrder().Select(Describe);

    public CoordinatorTopic? Find(string name) => image.Topics.Find(name) is { } topic ? Describe(topic) : null;

    public CoordinatorTopic? Find(Uuid id) => image.Topics.Find(id) is { } topic ? Describe(topic) : null;

    private CoordinatorTopic Describe(TopicImage topic) => new(topic.Name, topic.Id, topic.Partitions.Length, partition => RacksOf(topic, partition));

    private List<string> RacksOf(TopicImage topic, int partition)
    {
        var racks = new List<string>();
        foreach (int replica in topic.Partition(partition)?.Replicas ?? [])
        {
            if (image.Brokers.TryGetValue(replica, out BrokerImage? broker) && broker.Rack is { } rack && !racks.Contains(rack))
            {
                racks.Add(rack);
            }
        }

        return racks;
    }
}
