using Microsoft.Extensions.Logging;
using Tidemark.Broker.Replicating;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// Moves replicas between the log directories of this broker: copies the log piece by piece in the background, and swaps the copy in
/// under the partition's lock once nothing is missing. A stop or crash on the way leaves the replica where it was; the copy goes on from
/// where it stood when the broker is back.
/// </summary>
/// <param name="throttle">How much may be copied in a second, over all moves.</param>
public sealed class ReplicaMover(LogDirectories directories, IBackground background, DelayQueue delays, ReplicationThrottle throttle, ILogger log)
{
    private static readonly TimeSpan s_compactionEndsIn = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<TopicPartition> _moving = [];

    /// <summary>Called when a replica is in another directory than before.</summary>
    public Action<Partition, LogDirectory> OnMoved { get; set; } = (_, _) => { };

    /// <summary>Whether the replica's log is being compacted. No compaction begins while there is a copy, and one that is under way ends.</summary>
    public Func<Partition, bool> IsCompacting { get; set; } = _ => false;

    /// <summary>Begins a move, or does nothing where the replica is in the directory already.</summary>
    public ErrorCode Move(Partition partition, LogDirectory target)
    {
        if (target.IsOffline || partition.Log is null)
        {
            return ErrorCode.KafkaStorageError;
        }

        lock (_lock)
        {
            if (directories.TryGetFuture(partition.Name, out StoredPartition future) && !ReferenceEquals(future.Directory, target))
            {
                // Asked to go elsewhere, or to stay: the copy that was begun is of no use any more.
                directories.DeleteFuture(partition.Name);
            }

            // Looked up only now: a copy that was there until here may just have taken the replica's place.
            if (!directories.TryGet(partition.Name, out StoredPartition current))
            {
                return ErrorCode.KafkaStorageError;
            }

            if (ReferenceEquals(current.Directory, target))
            {
                return ErrorCode.None;
            }

            try
            {
                directories.GetOrCreateFuture(partition.Name, partition.TopicId, partition.Config.Log, target);
            }
            catch (IOException)
            {
                return ErrorCode.KafkaStorageError;
            }

            if (_moving.Add(partition.Name))
            {
                background.Post($"move {partition.Name}", () => Step(partition, new LogCopier(throttle)));
            }
        }

        return ErrorCode.None;
    }

    /// <summary>Takes up the moves that the end of the last life cut short. Called before clients write, so that nothing is appended twice.</summary>
    public void ResumeAll(PartitionRegistry partitions)
    {
        foreach (StoredPartition future in directories.Futures.ToArray())
        {
            TopicPartition name = future.Log.Partition;
            if (partitions.Find(name) is not { } partition || (!future.TopicId.IsZero && future.TopicId != partition.TopicId))
            {
                // A copy of what was deleted, or deleted and made anew, while this broker was away.
                Guard(name, () => directories.DeleteFuture(name));
            }
            else if (partition.Log is { } source && directories.TryGet(name, out StoredPartition current))
            {
                Guard(name, () => Resume(partition, source, current, future));
            }
        }
    }

    private void Resume(Partition partition, PartitionLog source, StoredPartition current, StoredPartition future)
    {
        if (ReferenceEquals(current.Directory, future.Directory))
        {
            directories.DeleteFuture(partition.Name);
            return;
        }

        // The crash may have taken records from the replica's end that the copy kept: others will come in their place.
        if (future.Log.LogEndOffset > source.LogEndOffset)
        {
            future.Log.TruncateTo(source.LogEndOffset);
        }

        lock (_lock)
        {
            if (_moving.Add(partition.Name))
            {
                MoverLog.Resumed(log, partition.Name.ToString(), future.Directory.Path, future.Log.LogEndOffset);
                background.Post($"move {partition.Name}", () => Step(partition, new LogCopier(throttle)));
            }
        }
    }

    private void Guard(TopicPartition name, Action work)
    {
        try
        {
            work();
        }
        catch (IOException e)
        {
            MoverLog.Failed(log, name.ToString(), e);
        }
    }

    private void Step(Partition partition, LogCopier copier)
    {
        TimeSpan wait = IsCompacting(partition) ? s_compactionEndsIn : throttle.Wait;
        if (wait > TimeSpan.Zero)
        {
            delays.Run(() => background.Post($"move {partition.Name}", () => Step(partition, copier)), wait);
            return;
        }

        bool goOn = false;
        StoredPartition? future = null;
        try
        {
            goOn = directories.TryGetFuture(partition.Name, out future)
                && partition.Log is { } source
                && (copier.Copy(source, future.Log, source.LogEndOffset) > 0 || !Swap(partition, future, copier));
        }
        catch (IOException e)
        {
            MoverLog.Failed(log, partition.Name.ToString(), e);
        }
        finally
        {
            lock (_lock)
            {
                // Whoever asked for the next move before this one was out of the list has begun a copy and left it to this.
                goOn |= directories.TryGetFuture(partition.Name, out StoredPartition next) && !ReferenceEquals(next, future);
                if (!goOn)
                {
                    _moving.Remove(partition.Name);
                }
            }
        }

        if (goOn)
        {
            background.Post($"move {partition.Name}", () => Step(partition, copier));
        }
    }

    /// <summary>Copies what came meanwhile with appends held off, and swaps. False when that is still too much to hold them off for, or the copy has been given up.</summary>
    private bool Swap(Partition partition, StoredPartition future, LogCopier copier)
    {
        bool swapped = partition.SwapLog(
            source =>
            {
                if (source.LogEndOffset - future.Log.LogEndOffset > 0 && copier.Copy(source, future.Log, source.LogEndOffset) == LogCopier.PieceBytes)
                {
                    return null;
                }

                while (copier.Copy(source, future.Log, source.LogEndOffset) > 0)
                {
                }

                future.Log.AdvanceLogStart(source.LogStart);
                return directories.ReplaceWithFuture(future)?.Log;
            },
            out _);
        if (swapped)
        {
            MoverLog.Moved(log, partition.Name.ToString(), future.Directory.Path);
            OnMoved(partition, future.Directory);
        }

        return swapped;
    }
}

/// <summary>What is logged of moves between directories. Event ids 1200–1299.</summary>
internal static partial class MoverLog
{
    [LoggerMessage(1200, LogLevel.Information, "{Partition} has moved to {Directory}")]
    public static partial void Moved(ILogger log, string partition, string directory);

    [LoggerMessage(1201, LogLevel.Error, "The move of {Partition} to another log directory failed")]
    public static partial void Failed(ILogger log, string partition, Exception e);

    [LoggerMessage(1202, LogLevel.Information, "The move of {Partition} to {Directory} goes on from offset {Offset}")]
    public static partial void Resumed(ILogger log, string partition, string directory, Offset offset);
}
