using Microsoft.Extensions.Logging;
using Tidemark.Primitives;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// What the quorum's driver tells the operator. Event ids are stable. Lines of every start take their numbers as objects: a line over
/// other types is a dozen generic methods of the framework that only the runtime's compiler can make, one millisecond and more each.
/// </summary>
internal static partial class QuorumLog
{
    [LoggerMessage(3000, LogLevel.Information, "The metadata log is read up to offset {Offset}: {Topics} topics, metadata version {Version}")]
    public static partial void Loaded(ILogger log, object offset, object topics, string version);

    [LoggerMessage(3001, LogLevel.Information, "Leading the metadata quorum in epoch {Epoch} from offset {Offset} on")]
    public static partial void Leading(ILogger log, object epoch, object offset);

    [LoggerMessage(3002, LogLevel.Information, "Wrote a snapshot of the metadata up to offset {Offset}")]
    public static partial void Snapshot(ILogger log, Offset offset);

    [LoggerMessage(3003, LogLevel.Critical, "The metadata log failed, no change of the cluster is possible any more")]
    public static partial void Failed(ILogger log, Exception reason);

    [LoggerMessage(3004, LogLevel.Warning, "Writing a snapshot of the metadata failed; it is tried again later")]
    public static partial void SnapshotFailed(ILogger log, Exception reason);

    [LoggerMessage(3005, LogLevel.Warning, "{File} was cut at position {Position}, {Bytes} bytes lost: {Reason}")]
    public static partial void Truncated(ILogger log, string file, long position, long bytes, string reason);

    [LoggerMessage(3006, LogLevel.Warning, "{File} was made again: {Reason}")]
    public static partial void Repaired(ILogger log, string file, string reason);

    [LoggerMessage(3007, LogLevel.Error, "A command of the controller failed and changed nothing")]
    public static partial void CommandFailed(ILogger log, Exception reason);

    [LoggerMessage(3008, LogLevel.Information, "Broker {Broker} is registered with epoch {Epoch}")]
    public static partial void Registered(ILogger log, object broker, object epoch);

    [LoggerMessage(3009, LogLevel.Information, "This node leads the metadata quorum no more; the epoch is {Epoch}")]
    public static partial void LeadsNoMore(ILogger log, object epoch);

    [LoggerMessage(3010, LogLevel.Information, "Node {Leader} leads the metadata quorum in epoch {Epoch}")]
    public static partial void LeaderIs(ILogger log, object leader, object epoch);

    [LoggerMessage(3015, LogLevel.Information, "The metadata quorum has no leader in epoch {Epoch}")]
    public static partial void NoLeader(ILogger log, object epoch);

    [LoggerMessage(3016, LogLevel.Information, "The metadata log is empty: the cluster begins as it was formatted")]
    public static partial void Begins(ILogger log);

    [LoggerMessage(3011, LogLevel.Information, "The metadata log is cut at {Offset}, where the leader's parted from it")]
    public static partial void Cut(ILogger log, Offset offset);

    [LoggerMessage(3012, LogLevel.Information, "Took over the leader's snapshot of the metadata up to offset {Offset}")]
    public static partial void Installed(ILogger log, Offset offset);

    [LoggerMessage(3030, LogLevel.Warning, "Controller {Node} is not registered yet: {Reason}")]
    public static partial void NotRegistered(ILogger log, int node, string reason);

    [LoggerMessage(3014, LogLevel.Warning, "The process of broker {Broker} is gone: its machine refuses connections, and it is fenced")]
    public static partial void ProcessGone(ILogger log, int broker);

    [LoggerMessage(3013, LogLevel.Warning, "Broker {Broker} was not heard of for {Session} and is fenced")]
    public static partial void SessionOver(ILogger log, int broker, TimeSpan session);
}

/// <summary>Writes down what the storage layer does to the metadata log.</summary>
internal sealed class MetadataLogEvents(ILogger log) : IStorageEvents
{
    public void Truncated(string file, long position, long bytesLost, string reason) => QuorumLog.Truncated(log, file, position, bytesLost, reason);

    public void Repaired(string file, string reason) => QuorumLog.Repaired(log, file, reason);

    public void Rolled(PartitionLog partition, Offset baseOffset)
    {
        // The driver flushes the whole log after each turn anyway.
    }

    public void Failed(PartitionLog partition, Exception reason)
    {
        // The driver sees the failure in its own turn.
    }

    public void DirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> partitions, Exception reason)
    {
        // The metadata log is in no set of directories.
    }
}
