using System.Collections.Frozen;
using System.Globalization;
using System.Runtime.InteropServices;
using Tidemark.Network.Listeners;
using Tidemark.Storage.Segments;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// Divides the descriptors that the operating system gives the process (<c>ulimit -n</c>) between connections and the files of logs. Without it
/// clients that open enough connections take away the last one, the next checkpoint cannot be written, and the node stops as if its disk had failed.
/// Some are kept for everything else; the files of logs give way to connections, down to a few, and connections that come after the last wait in the backlog.
/// A few connections are kept for the listeners of nodes: clients that take all the others do not keep the rest of the cluster out.
/// </summary>
internal sealed partial class DescriptorShares
{
    /// <summary>The runtime and its libraries have some 100 open; checkpoints, connections to other nodes and the metadata log need the rest.</summary>
    private const int KeptMax = 256;

    /// <summary>A file may be opened while a connection comes: the two are told of one another, and not locked.</summary>
    private const int Slack = 32;

    /// <summary>What a cluster of some ten nodes needs: each of them has two or three connections to this one.</summary>
    private const int NodeConnectionsMax = 32;

    private const int OpenFilesResource = 7;
    private readonly int _shared;
    private readonly int _filesMin;

    /// <param name="limit">Descriptors that the process may have; the runtime has raised it as far as it may when the process starts.</param>
    public DescriptorShares(long limit)
    {
        Limit = limit;
        _shared = (int)Math.Min(limit - Math.Min(KeptMax, limit / 2), int.MaxValue);
        _filesMin = Math.Clamp(_shared / 8, 8, 512);
        Files = new OpenFileBudget(FilesBeside(connections: 0));
    }

    /// <summary>Descriptors that the process may have.</summary>
    public long Limit { get; }

    /// <summary>Which files of logs are open.</summary>
    public OpenFileBudget Files { get; }

    /// <summary>Connections that may be open.</summary>
    public int ConnectionsMax => Math.Max(_shared - _filesMin - Slack, 1);

    /// <summary>Of this process.</summary>
    public static DescriptorShares OfProcess() =>
        new(GetLimit(OpenFilesResource, out ResourceLimit limit) == 0 ? (long)Math.Min(limit.Soft, int.MaxValue) : int.MaxValue);

    /// <summary>The limits that are configured, or what the descriptors allow where that is less. Some connections beyond either are for nodes alone.</summary>
    /// <param name="nodeListeners">The listeners that only other nodes need.</param>
    public ConnectionLimits Within(ConnectionLimits configured, FrozenSet<string> nodeListeners)
    {
        int forNodes = nodeListeners.Count == 0 ? 0 : Math.Min(NodeConnectionsMax, ConnectionsMax / 4);
        int max = ConnectionsMax - forNodes;
        string beside = forNodes == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" beside {forNodes} for other nodes");
        ConnectionLimits limits = configured with { NodeListeners = nodeListeners, NodeConnectionsMore = forNodes };
        return configured.ConnectionsMax <= max ? limits : limits with
        {
            ConnectionsMax = max,
            ConnectionsMaxReason = string.Create(CultureInfo.InvariantCulture, $"{max} connections are open, as many as the limit of {Limit} open files (ulimit -n) allows{beside}"),
        };
    }

    /// <summary>How many connections are open now.</summary>
    public void OnConnections(int open) => Files.Bound(FilesBeside(open));

    private int FilesBeside(int connections) => Math.Clamp(_shared - Slack - connections, _filesMin, OpenFileBudget.FilesMax);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ResourceLimit
    {
        public readonly nuint Soft;

        private readonly nuint _hard;
    }
}
