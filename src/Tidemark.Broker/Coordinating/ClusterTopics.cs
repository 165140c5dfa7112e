using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>
/// The topics of an image of the metadata, as coordinators see them. A topic that is the same in the next image is the same object there, with what
/// coordinators have computed of it.
/// </summary>
public sealed class ClusterTopics : ICoordinatorTopics
{
    private readonly TopicsImage _topics;
    private readonly ImmutableSortedDictionary<int, BrokerImage> _brokers;
    private readonly TopicsAmongRacks _described;

    public ClusterTopics(MetadataImage image)
        : this(image, new TopicsAmongRacks(image.Brokers))
    {
    }

    private ClusterTopics(MetadataImage image, TopicsAmongRacks described)
    {
        _topics = image.Topics;
        _brokers = image.Brokers;
        _described = described;
    }

    public IEnumerable<CoordinatorTopic> All => _topics.InOrder().Select(_described.Of);

    public CoordinatorTopic? Find(string name) => _topics.Find(name) is { } topic ? _described.Of(topic) : null;

    public CoordinatorTopic? Find(Uuid id) => _topics.Find(id) is { } topic ? _described.Of(topic) : null;

    /// <summary>The topics of a later image; these where nothing that coordinators see is different.</summary>
    public ClusterTopics Follow(MetadataImage image)
    {
        TopicsAmongRacks described = ReferenceEquals(_brokers, image.Brokers) || _described.AreAmongThose(image.Brokers) ? _described : new TopicsAmongRacks(image.Brokers);
        return ReferenceEquals(_topics, image.Topics) && ReferenceEquals(_described, described) ? this : new ClusterTopics(image, described);
    }

    /// <summary>Topics in a cluster whose brokers stand in certain racks. Kept for as long as the images that they are of.</summary>
    private sealed class TopicsAmongRacks
    {
        private readonly Dictionary<int, string> _racks;
        private readonly ConditionalWeakTable<TopicImage, CoordinatorTopic> _known = [];

        public TopicsAmongRacks(ImmutableSortedDictionary<int, BrokerImage> brokers) => _racks = RacksOf(brokers);

        public bool AreAmongThose(ImmutableSortedDictionary<int, BrokerImage> brokers)
        {
            Dictionary<int, string> racks = RacksOf(brokers);
            return racks.Count == _racks.Count && racks.All(rack => _racks.GetValueOrDefault(rack.Key) == rack.Value);
        }

        public CoordinatorTopic Of(TopicImage topic) => _known.TryGetValue(topic, out CoordinatorTopic? known) ? known : _known.GetValue(topic, Describe);

        private static Dictionary<int, string> RacksOf(ImmutableSortedDictionary<int, BrokerImage> brokers) =>
            brokers.Where(broker => broker.Value.Rack is not null).ToDictionary(broker => broker.Key, broker => broker.Value.Rack!);

        private CoordinatorTopic Describe(TopicImage topic) => new(topic.Name, topic.Id, topic.Partitions.Length, partition => RacksOf(topic, partition));

        private List<string> RacksOf(TopicImage topic, int partition)
        {
            var racks = new List<string>();
            foreach (int replica in topic.Partition(partition)?.Replicas ?? [])
            {
                if (_racks.TryGetValue(replica, out string? rack) && !racks.Contains(rack))
                {
                    racks.Add(rack);
                }
            }

            return racks;
        }
    }
}
