using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// Tells the controller in which log directories this broker keeps its replicas, where that is not what the metadata says: what gathers
/// while one request is under way goes with the next, and what failed goes again a little later.
/// </summary>
internal sealed class DirectoryAssignments(ClusterState cluster, IMetadataQuorum quorum, DelayQueue delays, ILogger log)
{
    /// <summary>As many as Kafka sends in one request.</summary>
    private const int PartitionsMax = 2250;

    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(500);
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicIdPartition, Uuid> _wanted = [];
    private bool _isAsking;
    private bool _isStopped;

    /// <summary>Notes where a replica is; it is told after <see cref="Tell"/>.</summary>
    public void Note(TopicIdPartition partition, Uuid directory)
    {
        lock (_lock)
        {
            _wanted[partition] = directory;
        }
    }

    /// <summary>Tells what was noted. Never waits.</summary>
    public void Tell()
    {
        AssignReplicasToDirsRequest request;
        lock (_lock)
        {
            long epoch = cluster.Find(cluster.Self)?.Epoch ?? -1;
            if (_isAsking || _isStopped || _wanted.Count == 0 || !cluster.Image.Version.HasDirectories)
            {
                return;
            }

            _isAsking = true;
            request = new AssignReplicasToDirsRequest
            {
                BrokerId = cluster.Self.Value,
                BrokerEpoch = epoch,
                Directories =
                [
                    .. _wanted.OrderBy(each => each.Key.TopicId).ThenBy(each => each.Key.Partition).Take(PartitionsMax)
                        .GroupBy(each => each.Value).OrderBy(each => each.Key)
                        .Select(directory => new AssignReplicasToDirsRequest.DirectoryData
                        {
                            Id = directory.Key,
                            Topics =
                            [
                                .. directory.GroupBy(each => each.Key.TopicId).Select(topic => new AssignReplicasToDirsRequest.TopicData
                                {
                                    TopicId = topic.Key,
                                    Partitions = [.. topic.Select(each => new AssignReplicasToDirsRequest.PartitionData { PartitionIndex = each.Key.Partition })],
                                }),
                            ],
                        }),
                ],
            };
        }

        _ = Send(request);
    }

    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
        }
    }

    private async Task Send(AssignReplicasToDirsRequest request)
    {
        ErrorCode error;
        try
        {
            AssignReplicasToDirsResponse response = await quorum.AssignDirectories(request);
            error = response.ErrorCode;
            if (error == ErrorCode.None)
            {
                Forget(request);
            }
        }
        catch (TimeoutException)
        {
            error = ErrorCode.RequestTimedOut;
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            // Whatever it was, the controller has not been told and must be, or a later failure of the directory would not move its leaders.
            AssignmentsLog.Failed(log, cluster.Self, e);
            error = ErrorCode.UnknownServerError;
        }

        lock (_lock)
        {
            _isAsking = false;
        }

        if (error == ErrorCode.None)
        {
            Tell();
            return;
        }

        // Most often a broker that has just started and whose registration has not come back to it yet.
        AssignmentsLog.Refused(log, cluster.Self, error);
        delays.Run(Tell, s_again);
    }

    /// <summary>Every partition was answered for: those with errors are gone or not here any more, and metadata says so.</summary>
    private void Forget(AssignReplicasToDirsRequest request)
    {
        lock (_lock)
        {
            foreach (AssignReplicasToDirsRequest.DirectoryData directory in request.Directories)
            {
                foreach (AssignReplicasToDirsRequest.TopicData topic in directory.Topics)
                {
                    foreach (AssignReplicasToDirsRequest.PartitionData partition in topic.Partitions)
                    {
                        var told = new TopicIdPartition(topic.TopicId, partition.PartitionIndex);
                        if (_wanted.TryGetValue(told, out Uuid wanted) && wanted == directory.Id)
                        {
                            _wanted.Remove(told);
                        }
                    }
                }
            }
        }
    }
}

/// <summary>What is logged of directory assignments. Event ids 1520–1529.</summary>
internal static partial class AssignmentsLog
{
    [LoggerMessage(1520, LogLevel.Debug, "The controller took no directories of broker {Broker} yet: {Error}")]
    public static partial void Refused(ILogger log, BrokerId broker, ErrorCode error);

    [LoggerMessage(1521, LogLevel.Error, "Telling the controller of the directories of broker {Broker} failed")]
    public static partial void Failed(ILogger log, BrokerId broker, Exception e);
}
