using Tidemark.Broker.Coordinating;

namespace Tidemark.Broker;

/// <content>What coordinators work here.</content>
public sealed partial class BrokerNode
{
    /// <summary>The coordinators of groups and of transactions that have read their partitions and answer requests.</summary>
    public IEnumerable<CoordinatorStanding> Coordinators => _groups.Working.Concat(_transactions.Working);
}
