using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Client.Cluster;

/// <summary>
/// What may pass is tried again, until it has passed or <see cref="ClientOptions.RetryMax"/> is over, as Kafka's clients do until
/// <c>default.api.timeout.ms</c>: every change of leaders, coordinators or controllers is a moment in which somebody cannot answer yet.
/// </summary>
public static class Retries
{
    /// <summary>Tries again while the failure may pass, and while what came is still open.</summary>
    /// <param name="isOpen">Whether what came is to be asked for again; what came last is the result where that goes on for too long.</param>
    /// <exception cref="ClientException">The failure that does not pass, or the last one.</exception>
    public static async Task<T> RetryAsync<T>(this ClusterClient cluster, Func<Task<T>> attempt, Func<T, bool>? isOpen = null, CancellationToken cancellation = default)
    {
        long start = Environment.TickCount64;
        while (true)
        {
            try
            {
                T came = await attempt();
                if (isOpen?.Invoke(came) != true || IsOver())
                {
                    return came;
                }
            }
            catch (ClientException failure) when (cluster.MayPass(failure))
            {
                if (MayHaveBeenCarriedOut(failure) is { } request)
                {
                    throw new BrokerUnreachableException($"{failure.Message}; whether {request} was carried out is not known", failure) { Unanswered = request };
                }

                if (IsOver())
                {
                    throw;
                }
            }

            await Task.Delay(cluster.Options.RetryBackoff, cancellation);
        }

        bool IsOver() => Environment.TickCount64 - start >= cluster.Options.RetryMax.TotalMilliseconds;
    }

    /// <summary>
    /// Whether the same may succeed a moment later. A cluster that was never reached is not waited for, most likely its address is wrong; nor is a topic that
    /// metadata just asked for does not know.
    /// </summary>
    internal static bool MayPass(this ClusterClient cluster, ClientException failure) => failure switch
    {
        BrokerUnreachableException => cluster.WasReached,
        RequestTimedOutException => true,
        BrokerErrorException refused => refused.Code.IsRetriable() && refused.Code is not (ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId),
        _ => false,
    };

    /// <summary>The unanswered request that must not be sent twice, because the second answer would tell of what the first one did; null where there is none.</summary>
    private static ApiKey? MayHaveBeenCarriedOut(ClientException failure) => failure.Unanswered is { } request && !IsRepeatable(request) ? request : null;

    /// <summary>Requests that only ask, or that leave everything as it is when they are carried out once more.</summary>
    private static bool IsRepeatable(ApiKey api) => api is ApiKey.ApiVersions
        or ApiKey.Metadata
        or ApiKey.FindCoordinator
        or ApiKey.ListOffsets
        or ApiKey.OffsetForLeaderEpoch
        or ApiKey.OffsetFetch
        or ApiKey.OffsetCommit
        or ApiKey.JoinGroup
        or ApiKey.SyncGroup
        or ApiKey.Heartbeat
        or ApiKey.LeaveGroup
        or ApiKey.ListGroups
        or ApiKey.DescribeGroups
        or ApiKey.ConsumerGroupDescribe
        or ApiKey.ListTransactions
        or ApiKey.DescribeTransactions
        or ApiKey.DescribeProducers
        or ApiKey.WriteTxnMarkers
        or ApiKey.InitProducerId
        or ApiKey.AddPartitionsToTxn
        or ApiKey.EndTxn
        or ApiKey.DeleteRecords
        or ApiKey.DescribeCluster
        or ApiKey.DescribeQuorum
        or ApiKey.DescribeTopicPartitions
        or ApiKey.DescribeLogDirs
        or ApiKey.DescribeConfigs
        or ApiKey.ListConfigResources
        or ApiKey.IncrementalAlterConfigs
        or ApiKey.ListPartitionReassignments
        or ApiKey.ElectLeaders;
}
