using Tidemark.Broker.Partitions;
using Tidemark.Primitives;

namespace Tidemark.Broker.Coordinating;

/// <summary>A coordinator that works: what it knows it has read from its partition up to an offset, in a leader epoch.</summary>
public readonly record struct CoordinatorStanding(Partition Partition, LeaderEpoch Epoch, Offset LoadedTo);
