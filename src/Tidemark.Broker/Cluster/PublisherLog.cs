using Microsoft.Extensions.Logging;

namespace Tidemark.Broker.Cluster;

/// <summary>What is logged when metadata reaches the partitions. Event ids 1100–1199.</summary>
internal static partial class PublisherLog
{
    [LoggerMessage(1100, LogLevel.Warning, "The log {Partition} is not in the cluster's metadata; it is put aside and kept on the disk")]
    public static partial void Stray(ILogger log, string partition);

    [LoggerMessage(1101, LogLevel.Error, "A disk failed while metadata was applied")]
    public static partial void DiskFailed(ILogger log, Exception e);
}
