using Tidemark.Protocol;

namespace Tidemark.Broker.Cluster;

/// <summary>Topics that are made, grown or deleted: whoever is told so may ask any broker next, and has to find it so.</summary>
internal static class TopicChanges
{
    /// <summary>
    /// The longest that an answer is held back until brokers know of a change, at the controller until all do and at each of them until it is in force. A broker
    /// that lives needs a fetch's way there and back and the time to open some logs, milliseconds, and far less than this where it is busy; nobody is
    /// helped by waiting for one that stands still, and every client's timeout is longer.
    /// </summary>
    public static readonly TimeSpan HeldBackMax = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Whether answers of this API are held back at the controller where something was decided, until all brokers know of it
    /// (<see cref="Metadata.Image.MetadataImage.ToldOfTopics"/>).
    /// </summary>
    public static bool AreMadeBy(ApiKey api) => api is ApiKey.CreateTopics or ApiKey.CreatePartitions or ApiKey.DeleteTopics;
}
