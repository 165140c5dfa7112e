using Tidemark.Broker.Transactions;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>Ends transactions at the partitions of <c>__consumer_offsets</c>, through the shards that keep their state.</summary>
public sealed class OffsetsMarkers(Coordinators<GroupShard> groups) : IOffsetsMarkers
{
    public ValueTask<ErrorCode> Complete(
        TopicPartition partition, ProducerId producer, short epoch, int coordinatorEpoch, bool commit, short transactionVersion) =>
        Plants.IsOn(Plant.OffsetsMarkerNotWritten) ? new(ErrorCode.None)
        : groups.Find(partition.Partition) is { } shard
            ? shard.Ask(
                (groups, ticket, _) => groups.EndTransaction(ticket, new(producer, epoch), coordinatorEpoch, commit, transactionVersion),
                ForCoordinators)
            : new(ErrorCode.NotLeaderOrFollower);

    /// <summary>A transaction's coordinator asks leaders of partitions, and knows nothing of groups.</summary>
    private static ErrorCode ForCoordinators(ErrorCode error) =>
        error is ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress or ErrorCode.NotCoordinator ? ErrorCode.NotLeaderOrFollower : error;
}
