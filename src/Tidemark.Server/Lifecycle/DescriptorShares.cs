using System.Globalization;
using System.Runtime.InteropServices;
using Tidemark.Network.Listeners;
using Tidemark.Storage.Segments;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// Divides the descriptors that the operating system gives the process (<c>ulimit -n</c>) between connections and the files of logs. Without it
/// clients that open enough connections take away the last one, the next checkpoint cannot be written, and the node stops as if its disk had failed.
/// Some are kept for everything else; the files of logs give way to connections, down to a few, and connections that come after the last wait in the backlog.
/// </summary>
internal sealed partial class DescriptorShares
{
    /// <summary>The runtime and its libraries have some 100 open; checkpoints, connections to other nodes and the metadata log need the rest.</summary>
    private const int KeptMax = 256;

    /// <summary>A file may be opened while a connection comes: the two are told of one another, and not locked.</summary>
    private const int Slack = 32;

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

    /// <summary>The limits that are configured, or what the descriptors allow where that is less.</summary>
    public ConnectionLimits Within(ConnectionLimits configured) => configured.ConnectionsMax <= ConnectionsMax ? configured : configured with
    {
        ConnectionsMax = ConnectionsMax,
        ConnectionsMaxReason = string.Create(CultureInfo.InvariantCulture, $"{ConnectionsMax} connections are open, as many as the limit of {Limit} open files (ulimit -n) allows"),
    };

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
