using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Quorum;

/// <summary>What the metadata quorum's driver is started with.</summary>
/// <param name="NodeId"><c>node.id</c></param>
/// <param name="ClusterId">As in meta.properties.</param>
/// <param name="Directory">The log directory that holds the metadata log: <c>metadata.log.dir</c>, or the first of <c>log.dirs</c>.</param>
/// <param name="DirectoryId">That directory's id.</param>
/// <param name="Config">The node's configuration as its file says.</param>
/// <param name="ControllerEndpoints">Where this controller listens, for its registration; asked for when it registers.</param>
public sealed record QuorumOptions(
    int NodeId,
    string ClusterId,
    string Directory,
    Uuid DirectoryId,
    BrokerConfig Config,
    Func<IReadOnlyList<EndpointImage>> ControllerEndpoints)
{
    /// <summary>The directory of the metadata log's only partition.</summary>
    public string LogDirectory => Path.Combine(Directory, "__cluster_metadata-0");
}

/// <summary>The broker of this process, as it registers itself.</summary>
/// <param name="Endpoints">Where clients and brokers reach it.</param>
/// <param name="Directories">The ids of its log directories that are online.</param>
/// <param name="PreviousEpoch">The epoch of its last life when that ended cleanly; -1 otherwise.</param>
public sealed record LocalBroker(IReadOnlyList<EndpointImage> Endpoints, string? Rack, IReadOnlyList<Uuid> Directories, long PreviousEpoch);
