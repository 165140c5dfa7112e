using Tidemark.Broker.Links;
using Tidemark.Primitives;

namespace Tidemark.Broker.Cluster;

/// <summary>Who leads the metadata quorum, and so is the active controller, as far as this node knows.</summary>
/// <param name="Node">None while nobody is known to lead.</param>
/// <param name="Address">Where its controller listener is; null when that is not known, or when it is this node.</param>
/// <param name="IsLocal">True when this node leads: commands go to its own driver.</param>
public readonly record struct ControllerLocation(BrokerId Node, LeaderEpoch Epoch, NodeAddress? Address, bool IsLocal);

/// <summary>Where the rest of the node looks for the controller.</summary>
public interface IQuorumView
{
    ControllerLocation Controller { get; }

    /// <summary>True when this node is the only voter there is: its controller can be no other.</summary>
    bool IsAlone { get; }
}
