using Tidemark.Broker.Coordinating;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Whether coordinators work with what is committed: what they have read before that another leader could still do without, and nobody would
/// know any more what they have told.
/// </summary>
internal static class CoordinatorChecks
{
    public static void Look(SimulatedNode node)
    {
        if (!node.IsRunning || node.Broker is not { } broker)
        {
            return;
        }

        foreach (CoordinatorStanding each in broker.Coordinators)
        {
            // One that is about to hear that it leads no more is told nothing of what is committed meanwhile.
            if (each.Partition.LeaderEpoch == each.Epoch && each.LoadedTo > each.Partition.HighWatermark)
            {
                throw new BrokenRuleException(
                    "9 a coordinator works with what is committed",
                    $"node {node.Id} coordinates with {each.Partition.Name} in epoch {each.Epoch}, of which it has read all below {each.LoadedTo}; committed is what is below {each.Partition.HighWatermark}");
            }
        }
    }
}
