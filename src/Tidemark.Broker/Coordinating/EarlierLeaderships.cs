using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>
/// Which partitions of a coordinators' topic this broker led when its last life ended, and has not led in this one. A client whose coordinator is killed asks
/// another broker where it is now, and one that has not noticed yet sends it back to where it came from. When the next life listens there within a
/// second, it leads nothing, and NOT_COORDINATOR is the truth; but where the client is librdkafka that is no error after which OffsetFetch asks elsewhere:
/// it goes to the application (<c>rd_kafka_committed</c>), or leaves a consumer's new partitions without a position. COORDINATOR_LOAD_IN_PROGRESS has it
/// ask the same broker again until it is told the same. The end of the connection, which is what the client meets with wherever the
/// process is not back so soon, is what clients look the coordinator up anew for: librdkafka, Java's, kafka-python, and with them whoever retries.
/// </summary>
/// <param name="topic">The topic of the coordinators.</param>
public sealed class EarlierLeaderships(string topic, BrokerId self, TimeProvider time)
{
    /// <summary>
    /// For how long connections may be owed to news of the last life. While a client waits for its connection it asks anew every second (librdkafka) or sooner; and
    /// the other brokers know before this one listens. Where a client connects again first when an answer does not come (franz-go), it is
    /// held up by this, so it is short.
    /// </summary>
    private static readonly TimeSpan s_newsLasts = TimeSpan.FromSeconds(3);

    /// <summary>By partition; from true to false only, while others read.</summary>
    private volatile bool[] _led = [];

    /// <summary>Connections up to this timestamp may be owed to such news.</summary>
    private long _until = long.MinValue;

    /// <summary>Takes what the metadata says that was on the disk when this life began. To be called before clients are let in.</summary>
    public void Remember(MetadataImage known) =>
        _led = known.Topics.Find(topic) is { } kept && kept.Partitions.Any(partition => partition.Leader == self.Value)
            ? [.. kept.Partitions.Select(partition => partition.Leader == self.Value)]
            : [];

    /// <summary>Clients are let in from now on.</summary>
    public void Open() => Volatile.Write(ref _until, time.GetTimestamp() + (long)(s_newsLasts.TotalSeconds * time.TimestampFrequency));

    /// <summary>Follows the metadata of this life, after the coordinators do: who is sent to what it led, by news of it, is told when that has moved.</summary>
    public void Follow(MetadataImage image)
    {
        bool[] led = _led;
        TopicImage? kept = image.Topics.Find(topic);
        for (int i = 0; i < led.Length; i++)
        {
            led[i] &= kept?.Partition(i)?.Leader != self.Value;
        }
    }

    /// <summary>Whether only news of the last life can have brought somebody here with this key.</summary>
    /// <param name="key">The group's name, or the transactional id. That this broker does not lead its partition now is the caller's to know.</param>
    /// <param name="connectedAt">The timestamp at which his connection was accepted.</param>
    public bool Brought(string key, long connectedAt) =>
        _led is { Length: > 0 } led && connectedAt <= Volatile.Read(ref _until) && led[KeyPartition.Of(key, led.Length)];
}
