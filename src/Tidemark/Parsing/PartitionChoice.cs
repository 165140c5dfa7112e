using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Primitives;

namespace Tidemark.Parsing;

/// <summary>The partitions that <c>--partition</c> names, or all of a topic's.</summary>
internal static class PartitionChoice
{
    /// <exception cref="BrokerErrorException">The topic has no such partition.</exception>
    public static TopicPartition[] Of(TopicInfo topic, int[]? given) =>
    [
        .. (given is { Length: > 0 } ? given.Distinct().Select(topic.Partition) : topic.Partitions)
            .Select(partition => new TopicPartition(topic.Name, partition.Partition)),
    ];
}
