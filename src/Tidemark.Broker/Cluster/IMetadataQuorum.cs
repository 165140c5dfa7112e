using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// The cluster's metadata as a broker takes part in it: it follows the images, registers itself, and asks the controller for changes.
/// </summary>
public interface IMetadataQuorum : IClusterCommands
{
    /// <summary>
    /// Reads the metadata log, and takes no part yet: what was known when the last life ended, for whoever has to know before the logs are
    /// opened how they are kept.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    MetadataImage Load();

    /// <summary>
    /// Begins to take part, with what was loaded. Every image is published, in order, one at a time; the first one holds all that was in
    /// the log.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    void Start(Action<MetadataImage> publish);

    /// <summary>The newest metadata that is known to be committed: what is published, or is about to be.</summary>
    MetadataImage Committed { get; }

    /// <summary>Whether this broker may serve what it leads.</summary>
    IServingLease Lease { get; }

    /// <summary>The level of kraft.version: 1 where the quorum keeps its voters in the log.</summary>
    short KRaftVersion { get; }

    /// <summary>Registers this broker: completes when it is unfenced, with the epoch of its registration.</summary>
    /// <param name="ready">
    /// Told before the controller is, where that is another node or could be: clients have to be let in by then. Not told where this node decides alone.
    /// </param>
    Task<long> Register(LocalBroker broker, Action ready);

    /// <summary>Tells the controller of log directories that failed, so that what was in them is led from elsewhere or by nobody.</summary>
    Task ReportOffline(IReadOnlyList<Uuid> directories);

    /// <summary>Tells the controller which log directories take no new partitions from now on: these and no others.</summary>
    Task ReportCordoned(IReadOnlyList<Uuid> directories);

    /// <summary>Tells the controller that this broker goes, so that others lead. Completes when it may.</summary>
    Task BeginShutdown();

    /// <summary>Leads the quorum no more and tells the others so, that one of them takes over at once. Completes when they know.</summary>
    Task Resign();

    /// <summary>Flushes and closes the metadata log.</summary>
    void Stop();
}
