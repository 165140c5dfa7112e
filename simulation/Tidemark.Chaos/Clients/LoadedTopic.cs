using Tidemark.Primitives;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Clients;

/// <summary>A topic that clients write to and read.</summary>
internal sealed record LoadedTopic(string Name, Uuid Id, int Partitions)
{
    public PartitionId Partition(int index) => new(Name, Id, index);

    public IEnumerable<PartitionId> All => Enumerable.Range(0, Partitions).Select(Partition);
}
