using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// Which log is compacted next: the one that has most to gain. No more than <c>log.cleaner.threads</c> runs go on at once, and never two in
/// one log, for both would write the same files. A log that is being copied to another directory is left alone, and a run in it ends: a copy that has
/// a record already, and does not get the tombstone behind it any more, would bring back what was deleted.
/// </summary>
internal sealed class CompactionSchedule(
    BrokerEnvironment environment,
    ClusterState cluster,
    PartitionRegistry registry,
    LogDirectories directories,
    DelayQueue delays,
    ILogger log)
{
    private readonly Lock _gate = new();
    private readonly HashSet<TopicIdPartition> _running = [];
    private readonly HashSet<TopicIdPartition> _uncompactable = [];

    /// <summary>Begins what is due. When a run has ended that was of use, the next one follows at once.</summary>
    public void BeginDue()
    {
        if (!cluster.Config.GetBoolean("log.cleaner.enable"))
        {
            return;
        }

        int runsMax = cluster.Config.GetInt("log.cleaner.threads");
        while (TakeNext(runsMax) is { } next)
        {
            try
            {
                new CompactionRun(environment, delays, next.Stored, next.Range, cluster, directories, e => OnFailed(next, e), isUseful => OnDone(next, isUseful)).Start();
            }
            catch (IOException e)
            {
                OnFailed(next, e);
            }
        }
    }

    public bool IsRunning(Partition partition)
    {
        lock (_gate)
        {
            return _running.Contains(IdOf(partition));
        }
    }

    private static TopicIdPartition IdOf(Partition partition) => new(partition.TopicId, partition.Name.Partition);

    private Candidate? TakeNext(int runsMax)
    {
        lock (_gate)
        {
            if (_running.Count >= runsMax)
            {
                return null;
            }

            Candidate? best = null;
            foreach (Partition partition in registry.All())
            {
                TopicIdPartition id = IdOf(partition);
                if (!partition.Config.Log.Compacts || _uncompactable.Contains(id) || _running.Contains(id)
                    || partition.Log is not { IsFailed: false } found || !directories.TryGet(partition.Name, out StoredPartition stored)
                    || directories.TryGetFuture(partition.Name, out _))
                {
                    continue;
                }

                CompactionRange range = found.CompactionRange(directories.CleanerOffset(stored), found.LastStableOffset(partition.HighWatermark));
                if (range.IsDue(found.Options) && (best is null || range.DirtyRatio > best.Range.DirtyRatio))
                {
                    best = new Candidate(id, stored, range);
                }
            }

            if (best is not null)
            {
                _running.Add(best.Id);
            }

            return best;
        }
    }

    private void OnDone(Candidate ended, bool isUseful)
    {
        lock (_gate)
        {
            _running.Remove(ended.Id);
        }

        if (isUseful)
        {
            BeginDue();
        }
    }

    private void OnFailed(Candidate ended, Exception reason)
    {
        lock (_gate)
        {
            // Until the next start: trying again every few seconds would not read the batch any better.
            _uncompactable.Add(ended.Id);
            _running.Remove(ended.Id);
        }

        HousekeepingLog.CompactionFailed(log, ended.Stored.Log.Partition.ToString(), reason);
        if (reason is IOException && !ended.Stored.Log.IsFailed)
        {
            // A closed log fails as well, but not by its disk; one whose disk failed has told of it itself.
            directories.TakeOffline(ended.Stored.Directory, reason);
        }
    }

    private sealed record Candidate(TopicIdPartition Id, StoredPartition Stored, CompactionRange Range);
}
