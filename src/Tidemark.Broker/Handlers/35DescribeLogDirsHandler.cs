using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 35, DescribeLogDirs: what lies in which log directory, and how large it is (KIP-113).
/// v3 an error of its own · v4 the size of the volumes (KIP-827) · v5 cordoned directories (KIP-1066).
/// Null topics mean all. A partition that is named but not here is left out.
/// </summary>
public sealed class DescribeLogDirsHandler(LogDirectories directories, PartitionRegistry partitions, ClusterState cluster, BrokerEnvironment environment)
    : MessageHandler<DescribeLogDirsRequest, DescribeLogDirsResponse>(ApiKey.DescribeLogDirs, 1, 5)
{
    protected override DescribeLogDirsResponse Refusal(DescribeLogDirsRequest request, ErrorCode error, short version) =>
        new() { ErrorCode = version >= 3 ? error : ErrorCode.None };

    protected override ValueTask<DescribeLogDirsResponse> Answer(DescribeLogDirsRequest request, Request context)
    {
        var response = new DescribeLogDirsResponse();
        var cordoned = new CordonedDirectories(cluster.Config);
        foreach (LogDirectory directory in directories.All)
        {
            var result = new DescribeLogDirsResponse.DescribeLogDirsResult { LogDir = directory.Path };
            if (context.ApiVersion >= 5)
            {
                result.IsCordoned = cordoned.Contains(directory.Path);
            }

            if (directory.IsOffline)
            {
                result.ErrorCode = ErrorCode.KafkaStorageError;
            }
            else
            {
                Describe(directory, request, result, context.ApiVersion);
            }

            response.Results.Add(result);
        }

        return new(response);
    }

    private void Describe(LogDirectory directory, DescribeLogDirsRequest request, DescribeLogDirsResponse.DescribeLogDirsResult result, short version)
    {
        if (version >= 4)
        {
            try
            {
                (result.TotalBytes, result.UsableBytes) = environment.Disk.Space(directory.Path);
            }
            catch (IOException)
            {
                // The size of the volume is a courtesy; whether the directory works is decided by its logs.
                result.TotalBytes = result.UsableBytes = -1;
            }
        }

        var wanted = request.Topics?.SelectMany(t => t.Partitions.Select(p => new TopicPartition(t.Topic, p))).ToHashSet();
        var topics = new SortedDictionary<string, DescribeLogDirsResponse.DescribeLogDirsTopic>(StringComparer.Ordinal);
        foreach ((StoredPartition stored, bool isFuture) in directories.Partitions.Select(p => (p, false)).Concat(directories.Futures.Select(p => (p, true))))
        {
            TopicPartition name = stored.Log.Partition;
            if (!ReferenceEquals(stored.Directory, directory) || (wanted is not null && !wanted.Contains(name)))
            {
                continue;
            }

            if (!topics.TryGetValue(name.Topic, out DescribeLogDirsResponse.DescribeLogDirsTopic? topic))
            {
                topics[name.Topic] = topic = new() { Name = name.Topic };
            }

            topic.Partitions.Add(new()
            {
                PartitionIndex = name.Partition,
                PartitionSize = stored.Log.SizeBytes,
                OffsetLag = Lag(stored, isFuture),
                IsFutureKey = isFuture,
            });
        }

        foreach (DescribeLogDirsResponse.DescribeLogDirsTopic topic in topics.Values)
        {
            topic.Partitions.Sort((a, b) => a.PartitionIndex.CompareTo(b.PartitionIndex));
            result.Topics.Add(topic);
        }
    }

    /// <summary>How far a replica's end is behind the high watermark, and a copy's behind the replica it is made from.</summary>
    private long Lag(StoredPartition stored, bool isFuture)
    {
        Partition? partition = partitions.Find(stored.Log.Partition);
        return isFuture
            ? Math.Max(0, (partition?.Log?.LogEndOffset ?? Offset.Zero) - stored.Log.LogEndOffset)
            : Math.Max(0, (partition?.HighWatermark ?? Offset.Zero) - stored.Log.LogEndOffset);
    }
}
