using Tidemark.Primitives;

namespace Tidemark.Broker.Partitions;

/// <summary>Where a consumer stands that may be sent to a nearer replica (KIP-392).</summary>
/// <param name="rackOf">The rack of a broker that is alive and reached on the consumer's listener; null for all others.</param>
public sealed class ReaderRack(string rack, Func<BrokerId, string?> rackOf)
{
    public string Name => rack;

    public Func<BrokerId, string?> RackOf => rackOf;
}
