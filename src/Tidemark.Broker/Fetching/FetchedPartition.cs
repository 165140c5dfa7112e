using Tidemark.Broker.Partitions;

namespace Tidemark.Broker.Fetching;

/// <summary>A target with what reading it came to.</summary>
/// <param name="Unknown">The topic or partition does not exist here, so nothing was asked of a partition.</param>
internal readonly record struct FetchedPartition(FetchTarget Target, PartitionReadResult Result, bool Unknown);
