using Microsoft.Extensions.Logging;
using Tidemark.Primitives;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Runtime;

/// <summary>
/// Hears what the logs have to tell. They may tell it from under their locks, so whatever is to be done is done in the background.
/// </summary>
internal sealed partial class StorageListener(IBackground background, ILogger log) : IStorageEvents
{
    /// <summary>Set before any log is opened.</summary>
    public Action<PartitionLog>? OnRolled { get; set; }

    /// <summary>Set before any log is opened: these partitions are gone with their directory.</summary>
    public Action<LogDirectory, IReadOnlyList<TopicPartition>>? OnDirectoryFailed { get; set; }

    public void Truncated(string file, long position, long bytesLost, string reason) => LogTruncated(log, file, position, bytesLost, reason);

    public void Repaired(string file, string reason) => LogRepaired(log, file, reason);

    public void Rolled(PartitionLog partition, Offset baseOffset) => OnRolled?.Invoke(partition);

    public void Failed(PartitionLog partition, Exception reason) => LogFailed(log, partition.Partition.ToString(), reason);

    public void DirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> partitions, Exception reason)
    {
        LogDirectoryFailed(log, directory.Path, partitions.Count, reason);
        background.Post("log directory offline", () => OnDirectoryFailed?.Invoke(directory, partitions));
    }

    [LoggerMessage(1400, LogLevel.Warning, "{File} truncated at {Position}, {Bytes} bytes lost: {Reason}")]
    private static partial void LogTruncated(ILogger log, string file, long position, long bytes, string reason);

    [LoggerMessage(1401, LogLevel.Information, "{File}: {Reason}")]
    private static partial void LogRepaired(ILogger log, string file, string reason);

    [LoggerMessage(1402, LogLevel.Error, "The log of {Partition} failed")]
    private static partial void LogFailed(ILogger log, string partition, Exception reason);

    [LoggerMessage(1403, LogLevel.Error, "Log directory {Directory} is offline with {Count} partitions")]
    private static partial void LogDirectoryFailed(ILogger log, string directory, int count, Exception reason);
}
